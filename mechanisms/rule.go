package mechanisms

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Rule is one condition on what is asked for: of a link, of a cell, of a
// machine. Whether a cell can run is a list of rules, asked in order. Lists
// stand where their subject does: LinkRules here, those of workloads in package
// bench, those of machines in package runner, which asks all of them.
type Rule[Q any] struct {
	Name   string        `json:"name"`   // unique in its list: "message size"
	Remedy string        `json:"remedy"` // what to ask for, or to change, instead
	Refuse func(Q) error `json:"-"`      // nil: it may; an *UnsupportedError with number and source, or a mistake in the question
}

// Ask puts q to the rules in order and returns the first refusal, or nil. An
// *UnsupportedError carries the name and the remedy of its rule.
func Ask[Q any](rules []Rule[Q], q Q) error {
	for _, r := range rules {
		err := r.Refuse(q)
		if err == nil {
			continue
		}
		if u, ok := err.(*UnsupportedError); ok && u.Rule == "" {
			named := *u // which may be remembered, and shared
			named.Rule, named.Remedy = r.Name, r.Remedy
			return &named
		}
		return err
	}
	return nil
}

// Lift makes rules of P into rules of Q, each for all the P that a Q has. What a
// rule answers is passed through explain, if there is one.
func Lift[Q, P any](rules []Rule[P], of func(Q) []P, explain func(P, error) error) (lifted []Rule[Q]) {
	for _, r := range rules {
		lifted = append(lifted, Rule[Q]{r.Name, r.Remedy, func(q Q) error {
			for _, p := range of(q) {
				err := r.Refuse(p)
				if err != nil && explain != nil {
					err = explain(p, err)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}})
	}
	return lifted
}

// Asked is a link that is asked of a mechanism: the question of LinkRules.
type Asked struct {
	*Mechanism
	Spec
}

// LinkRules decide whether this kernel carries a link.
var LinkRules = []Rule[Asked]{
	{"needs", "another mechanism, or what the reason names", func(a Asked) error { return a.Available() }},
	{"wait", "--wait block, or a mechanism whose ends are descriptors", func(a Asked) error {
		if a.Scheduled {
			return a.lacks(a.Wait != "", "wait "+a.Wait+": Go's scheduler waits for its ends, by epoll")
		}
		return a.lacks(a.Wait != "" && !a.Polls, "wait "+a.Wait+": its ends are no descriptors that poll(2) could wait for")
	}},
	{"batch", "--batch 1, or a mechanism whose calls take several messages", func(a Asked) error {
		return a.lacks(a.Batch > 0 && !a.Batches, "batch: no call of its hands over several messages")
	}},
	{"in place", "--copy 1, or a mechanism with messages in place (`ipcbench list`)", func(a Asked) error {
		return a.lacks(a.InPlace && !a.WorksInPlace, "copy 0: a message is copied on its way, and neither side can work where it lies")
	}},
	{"memory", "--memory default, or a mechanism of shared memory", func(a Asked) error {
		return a.lacks(a.Memory != "" && !slices.Contains(a.Memories, a.Memory), "memory "+a.Memory+": it has no memory of a kind that can be chosen")
	}},
	{"limits", "a value within the limit: `ipcbench list` has them all", func(a Asked) error {
		limits, err := a.Limits(a.Queue)
		if err != nil {
			return err
		}
		return limits.Admit(a.Name, a.Spec)
	}},
	{"enough memory", "a smaller --size or --queue, or other --memory", func(a Asked) error {
		if a.Memory == "" || a.Room == nil {
			return nil
		}
		return a.Room(a.Spec)
	}},
}

// lacks refuses what m does not do, where it is missing.
func (m *Mechanism) lacks(missing bool, what string) error {
	if missing {
		return &UnsupportedError{Mechanism: m.Name, What: what}
	}
	return nil
}

// Available reports whether this kernel and sandbox have m at all: nil, or the
// reason.
func (m *Mechanism) Available() error {
	if m.Needs == nil {
		return nil
	}
	err := m.Refused(m.Needs())
	if u, ok := err.(*UnsupportedError); ok {
		all := *u // which may be remembered, and shared
		all.Unavailable = true
		return &all
	}
	return err
}

// Admit reports whether this kernel carries a link of m that is asked for like
// this: nil, or the refusal of one of LinkRules.
func (m *Mechanism) Admit(s Spec) error { return Ask(LinkRules, Asked{m, s}) }

// limited is a link under limits: the question of LimitRules.
type limited struct {
	mech   string
	limits Limits
	spec   Spec
}

// LimitRules hold a link against each limit, within the one of LinkRules that
// reads them.
var LimitRules = []Rule[limited]{
	{"minimum message size", "a larger --size", func(q limited) error {
		if q.spec.Size < q.limits.Least.N {
			return &UnsupportedError{Mechanism: q.mech, What: "message size", Value: q.spec.Size, Limit: q.limits.Least}
		}
		return nil
	}},
	{"message size", "a smaller --size, or a mechanism that carries it: `ipcbench list` has the limits", func(q limited) error {
		return q.beyond("message size", q.spec.Size, q.limits.Message)
	}},
	{"message size with several senders", "a smaller --size, or a mechanism that keeps messages of several senders apart", func(q limited) error {
		if q.spec.Senders > 1 {
			return q.beyond("message size with several senders", q.spec.Size, q.limits.Atomic)
		}
		return nil
	}},
	{"queue", "a smaller --queue", func(q limited) error { return q.beyond("queue", q.spec.Queue, q.limits.Queue) }},
	{"messages in the queue", "a smaller --queue, or a larger --size", func(q limited) error {
		return q.beyond("messages in the queue", (q.spec.Queue+q.spec.Size-1)/max(1, q.spec.Size), q.limits.Messages)
	}},
	{"senders", "a workload with one sender a link", func(q limited) error { return q.beyond("senders", q.spec.Senders, q.limits.Senders) }},
	{"receivers", "a workload with one receiver a link", func(q limited) error { return q.beyond("receivers", q.spec.Receivers, q.limits.Receivers) }},
}

func (q limited) beyond(what string, value int, limit Limit) error {
	if limit.N > 0 && value > limit.N {
		return &UnsupportedError{Mechanism: q.mech, What: what, Value: value, Limit: limit}
	}
	return nil
}

// Admit reports whether a link of mechanism mech may carry s: nil, or an
// *UnsupportedError that names the number and its source. It is pure.
func (l Limits) Admit(mech string, s Spec) error { return Ask(LimitRules, limited{mech, l, s}) }

// Wanted is what a user wants of a mechanism: the question of FactRules.
type Wanted struct {
	*Mechanism
	Unrelated  bool // the processes inherit nothing from each other
	Boundaries bool // the receiver must get each message as a unit
	Notifies   bool // there are no messages: a process notifies another
	Crash      bool // a process must learn within a second that its peer was killed
	PassFD     bool // descriptors must be passed
}

// FactRules decide whether a mechanism does what is wanted, on any machine.
var FactRules = []Rule[Wanted]{
	{"bytes", "a mechanism that carries messages", func(w Wanted) error {
		return w.lacks(!w.Notifies && !w.Offers(Messages), "it carries notifications, and no bytes")
	}},
	{"notifications", "a mechanism that carries notifications", func(w Wanted) error {
		return w.lacks(w.Notifies && !w.Offers(Counts), "it carries messages, and no notifications")
	}},
	{"unrelated", "related processes, or a mechanism with a name", func(w Wanted) error {
		return w.lacks(w.Unrelated && !w.Facts.Unrelated, "only a process that inherits its descriptors can open it; another must be sent them over a socket, SCM_RIGHTS in unix(7)")
	}},
	{"boundaries", "a mechanism of packets or slots", func(w Wanted) error {
		return w.lacks(w.Boundaries && !w.Framing.Boundaries(), "a byte stream, which keeps no message boundaries")
	}},
	{"crash", "a mechanism with an end of file and a broken pipe", func(w Wanted) error {
		return w.lacks(w.Crash && !w.ReportsDeath(), "a process does not learn that its peer was killed, or only on one side")
	}},
	{"descriptors", "a UNIX domain socket", func(w Wanted) error {
		return w.lacks(w.PassFD && !w.Facts.Traits.PassFD.Has, "it passes no descriptors")
	}},
}

// Reason is a refusal without the mechanism's name, for a list that has it.
func (e *UnsupportedError) Reason() string {
	return strings.TrimPrefix(e.Error(), e.Mechanism+": ")
}

// Remembered asks needs until this kernel has said yes or no, which holds as
// long as the process lives. That descriptors or memory are short does not.
func Remembered(needs func() error) func() error {
	var mu sync.Mutex
	var known bool
	var answer error
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		if !known {
			answer = needs()
			known = answer == nil || errors.Is(answer, errors.ErrUnsupported)
		}
		return answer
	}
}

// BuiltWith is the Needs of a mechanism that a kernel may be built without:
// touch makes a call that changes nothing, and that such a kernel does not
// have, nor the file.
func BuiltWith(mech, config, file, man string, touch func() error) func() error {
	return func() error {
		err := touch()
		if !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM) {
			return nil
		}
		if _, absent := os.Stat(file); absent != nil {
			return &UnsupportedError{Mechanism: mech, What: "this kernel was built without " + config + ": no " + file + ", " + man}
		}
		return err
	}
}
