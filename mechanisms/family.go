package mechanisms

import (
	"cmp"
	"slices"
	"strings"
)

// Family is what a mechanism is built on, in words. Lists, suggestions and looks go
// by it.
type Family string

const (
	Pipes          Family = "pipes"
	UnixSockets    Family = "UNIX sockets"
	NetworkSockets Family = "network sockets"
	SystemV        Family = "System V"
	PosixQueues    Family = "POSIX queues"
	Rings          Family = "shared-memory rings"
	Notifications  Family = "notifications"
	Others         Family = "others" // of a mechanism that states none
)

// Word is the family as plans name it: "unix-sockets".
func (f Family) Word() string { return strings.ReplaceAll(strings.ToLower(string(f)), " ", "-") }

// Core are the mechanisms that every reader knows.
var Core = []string{"pipe", "fifo", "packetpipe", "socketpair", "seqpacket", "dgram", "sysvshm", "sysvmsg"}

// Mechanisms are those of the family: core ones first, variants last, else by name.
func (f Family) Mechanisms() []*Mechanism {
	all := slices.DeleteFunc(All(), func(m *Mechanism) bool { return m.Family != f })
	slices.SortStableFunc(all, func(a, b *Mechanism) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.VariantOf, b.VariantOf))
	})
	return all
}

// rank is where the mechanism stands in its family.
func (m *Mechanism) rank() int {
	if at := slices.Index(Core, m.Name); at >= 0 {
		return at
	}
	if m.VariantOf == "" {
		return len(Core)
	}
	return len(Core) + 1
}
