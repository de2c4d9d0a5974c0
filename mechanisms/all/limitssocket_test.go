package all

import (
	"fmt"
)

// socketSentences are what TestAdmitSaysWhy expects of sockets that meet by a
// name.
func socketSentences() map[string]bool {
	all := map[string]bool{}
	say := func(mech, format string, args ...any) { all[mech+": "+fmt.Sprintf(format, args...)] = true }
	for mech, page := range map[string]string{"unixsock": "unix(7)", "unixabstract": "unix(7)", "tcp": "tcp(7)"} {
		say(mech, "message size with several senders 8193 > 8192 (SOCK_STREAM): no page says that writes do not interleave, %s", page)
		say(mech, "receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)")
	}
	for _, mech := range []string{"unixseq", "unixdgramsock"} {
		say(mech, "message size 8193 > 8192 (SO_SNDBUF - 32): EMSGSIZE, unix(7)")
	}
	for _, mech := range []string{"unixsock", "unixabstract", "unixseq", "unixdgramsock"} {
		say(mech, "queue 8193 > 8192 (%s): capped in silence, socket(7)", "/proc/sys/net/core/wmem_max")
	}
	say("tcp", "queue 8193 > 8192 (%s): capped in silence, socket(7)", "/proc/sys/net/core/wmem_max")
	say("tcpzerocopy", "message size 8191 < 8192 (%s): pinning pages and telling of them costs more than the copy, sendto(2)", "Documentation/networking/msg_zerocopy.rst")
	say("tcpzerocopy", "senders 8193 > 8192 (one error queue): each would take the notices of another's pages, recv(2)")
	say("tcpzerocopy", "receivers 8193 > 8192 (byte stream): a short read leaves the rest to another receiver, read(2)")
	say("tcpzerocopy", "queue 8193 > 8192 (%s): capped in silence, socket(7)", "/proc/sys/net/core/wmem_max")
	all["tcpzerocopy: message size 8193 > 8192 (RLIMIT_MEMLOCK): ENOBUFS, more pages than a user may lock, getrlimit(2)"] = false
	say("udp", "message size 8193 > 8192 (IPv4: 65535 - 28): EMSGSIZE, udp(7)")
	say("udp", "queue 8193 > 8192 (%s): capped in silence, socket(7)", "/proc/sys/net/core/rmem_max")
	return all
}
