package mechanisms

import "slices"

// Facts are what a reader needs to know to choose a mechanism, besides its
// numbers. They are declared; the conformance suite holds those to the running
// kernel that it can try.
type Facts struct {
	// Kernel describes in two to eight sentences how a message gets through the
	// kernel, with the names of its functions.
	Kernel string `json:"kernel"`

	Path Path `json:"path"`

	// Unrelated reports whether a process that inherited nothing can open an
	// end, by a name or an identifier: a ticket then brings no descriptor, or a
	// socket that has met its peer by a name.
	Unrelated bool `json:"unrelated"`

	// Gone names the errno of Send once every receiver has closed: "EPIPE".
	// "": the sender does not learn of it, fills the link, and then waits.
	Gone string `json:"gone,omitempty"`

	// Killed reports whether Notify fails once the process of the receiver has ended,
	// where Gone is "": a receiver that closes in a process that lives does not show.
	Killed bool `json:"killed,omitempty"`

	Cautions []Caution `json:"cautions"` // at least one, the gravest first

	Traits Traits `json:"traits"` // every one of them
}

// Path is the way of one message.
type Path struct {
	Send    Hop    `json:"send"`
	Object  string `json:"object"` // what holds the message between: "pages of a pipe"; at most 30 characters
	Receive Hop    `json:"receive"`

	// Relay is how a process in between passes a message on, where the mechanism
	// Relays.
	Relay Hop `json:"relay,omitzero"`
}

// Hop is one side of a Path.
type Hop struct {
	Call   string `json:"call"`   // the system call that every message takes, all of one kind: "write"; "": none
	Kernel int    `json:"kernel"` // copies of the message that the kernel makes
	Own    int    `json:"own"`    // copies that the process makes itself

	// Also are further calls that messages take, each or every few of them:
	// "close".
	Also []string `json:"also,omitempty"`

	// Waits are other calls, which it makes only where it has to wait, or to
	// wake its peer: "futex".
	Waits []string `json:"waits,omitempty"`
}

// Caution is something to beware of.
type Caution struct {
	Text string `json:"text"` // a clause: "writes of more than PIPE_BUF bytes may interleave"
	Man  string `json:"man"`  // the page that says so: "pipe(7)", or a file of the kernel's documentation where none does

	// Silent: a message may be lost, split, mixed with another or changed, and no
	// call reports it.
	Silent bool `json:"silent,omitempty"`
}

// ReportsDeath reports whether either side learns within a second that the process
// of the other was killed. A side that waits when it happens is woken.
func (m *Mechanism) ReportsDeath() bool { return m.SenderDeath() && m.ReceiverDeath() }

// SenderDeath reports whether the receiver learns that the sender was killed: its
// receive ends with the end of file or an error.
func (m *Mechanism) SenderDeath() bool { return m.EOF }

// ReceiverDeath reports whether the sender learns that the receiver was killed: its
// send ends with an error.
func (m *Mechanism) ReceiverDeath() bool { return m.Facts.Gone != "" || m.Facts.Killed }

// BusyWaits reports whether an end that waits never sleeps, so that it uses up a
// CPU while nothing comes.
func (m *Mechanism) BusyWaits() bool {
	return m.Spins || slices.Contains(m.Facts.Path.Receive.Waits, "sched_yield")
}

// TwoWay reports whether one object carries both directions.
func (m *Mechanism) TwoWay() bool { return m.NewPair != nil }

// Silent reports whether one of its cautions is Silent.
func (m *Mechanism) Silent() bool {
	return slices.ContainsFunc(m.Facts.Cautions, func(c Caution) bool { return c.Silent })
}

// Complexity counts what a program needs beyond read(2) and write(2) on what it
// inherits, 0 to 2: a name to agree on and to remove, other calls or none, Go's
// scheduler.
func (m *Mechanism) Complexity() (n int) {
	if m.Facts.Unrelated {
		n++
	}
	if m.Scheduled {
		n++
	}
	if p := m.Facts.Path; p.Send.Call != "write" || p.Receive.Call != "read" || len(p.Send.Also)+len(p.Receive.Also) > 0 {
		n++
	}
	return n
}

// Boundaries reports whether a receiver gets a message as the unit that was
// sent, without counting bytes.
func (f Framing) Boundaries() bool { return f != Stream }

// Traits are how a mechanism behaves at its edges, for a reader that compares.
// Each names the statements of package semantics that hold it to the running
// kernel, which tests them, or the page that states it.
type Traits struct {
	Duplex      Trait `json:"duplex"`
	Persistence Trait `json:"persistence"` // what is left when all processes have gone
	Pollable    Trait `json:"pollable"`
	Selection   Trait `json:"selection"` // whether a receiver can choose
	Atomic      Trait `json:"atomic"`    // up to which size messages of several senders stay apart
	Message     Trait `json:"message"`   // the largest
	Capacity    Trait `json:"capacity"`  // by default
	PeerDeath   Trait `json:"peer_death"`
	PassFD      Trait `json:"pass_fd"` // whether descriptors can be sent
	Permission  Trait `json:"permission"`
	Namespace   Trait `json:"namespace"` // what its name or identifier belongs to
}

// Trait is one of them.
type Trait struct {
	Text   string   `json:"text"`             // a few words
	Checks []string `json:"checks,omitempty"` // IDs of the statements that hold it true
	Man    string   `json:"man,omitempty"`    // the page that says so, where no statement does: "tcp(7)"
	Has    bool     `json:"has,omitempty"`    // of PassFD, that the answer is yes
}

// Yes is the trait with the answer yes.
func (t Trait) Yes() Trait {
	t.Has = true
	return t
}

func Checked(text string, checks ...string) Trait { return Trait{Text: text, Checks: checks} }

func Documented(text, man string) Trait { return Trait{Text: text, Man: man} }
