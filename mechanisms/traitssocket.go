package mechanisms

// Traits of sockets that meet by a name: once they have met, they are as a
// pair.

var unixsockTraits = named(socketpairTraits)

var unixseqTraits = named(seqpacketTraits)

var unixdgramTraits = func() Traits {
	t := named(dgramTraits)
	t.Duplex = said("one way: nobody can answer a socket without a name", "unix(7)")
	t.Capacity = said("max_dgram_qlen messages, 10 by default, and SO_SNDBUF", "unix(7)")
	return t
}()

// named is what t is where the sockets meet by a path.
func named(t Traits) Traits {
	t.Persistence = said("the name, until it is unlinked; not what was sent", "unix(7)")
	t.Permission = said("who may write to the path, and search its directories", "unix(7)")
	t.Namespace = said("mount: a path", "unix(7)")
	return t
}

var abstractTraits = func() Traits {
	t := socketpairTraits
	t.Persistence = said("nothing: the name goes with its socket", "unix(7)")
	t.Permission = said("everybody: ask SO_PEERCRED who it is", "unix(7)")
	t.Namespace = said("network: an abstract name", "unix(7)")
	return t
}()

var tcpTraits = Traits{
	Duplex:      said("both ways", "tcp(7)"),
	Persistence: said("nothing but TIME_WAIT, for a minute", "tcp(7)"),
	Pollable:    said("yes", "socket(7)"),
	Selection:   said("in order only; one urgent byte", "tcp(7)"),
	Atomic:      said("not promised at any size", "tcp(7)"),
	Message:     said("no messages", "tcp(7)"),
	Capacity:    said("SO_SNDBUF and SO_RCVBUF, which grow by themselves", "tcp(7)"),
	PeerDeath:   said("reader: end of file, or ECONNRESET; writer: EPIPE and SIGPIPE, or ECONNRESET", "tcp(7)"),
	PassFD:      said("no", "unix(7)"),
	Permission:  said("everybody who reaches the address", "ip(7)"),
	Namespace:   said("network: address and port", "ip(7)"),
}

var tcpzerocopyTraits = func() Traits {
	t := tcpTraits
	t.Capacity = said("SO_SNDBUF and SO_RCVBUF, and what a user may lock", "getrlimit(2)")
	return t
}()

var udpTraits = func() Traits {
	t := tcpTraits
	t.Duplex = said("both ways, once each knows the other", "udp(7)")
	t.Persistence = said("nothing", "udp(7)")
	t.Selection = said("as they come, which need not be in order", "udp(7)")
	t.Atomic = said("whole messages", "udp(7)")
	t.Message = said("65507 bytes", "udp(7)")
	t.Capacity = said("SO_RCVBUF of the receiver; what comes beyond is dropped", "udp(7)")
	t.PeerDeath = said("reader: nothing; a connected writer: ECONNREFUSED, after the fact", "udp(7)")
	return t
}()

var vsockTraits = func() Traits {
	t := tcpTraits
	t.Persistence = said("nothing", "vsock(7)")
	t.Selection = said("in order only", "vsock(7)")
	t.Atomic = said("not promised at any size", "vsock(7)")
	t.Message = said("no messages", "vsock(7)")
	t.Duplex = said("both ways", "vsock(7)")
	t.Capacity = said("SO_VM_SOCKETS_BUFFER_SIZE of the receiver", "vsock(7)")
	t.Permission = said("everybody on the machine", "vsock(7)")
	t.Namespace = said("none: context ID and port", "vsock(7)")
	return t
}()
