package mechanisms

// Contract is what a workload plays on, and a mechanism may offer.
type Contract int

const (
	Messages  Contract = iota // a Sender and a Receiver
	Selection                 // those, as a TypeSender and a TypeReceiver
	Counts                    // a Notifier and a Waiter
	Locks                     // Lockers
)

// Contracts are all of them.
var Contracts = []Contract{Messages, Selection, Counts, Locks}

func (c Contract) String() string {
	return [...]string{"messages", "messages by type", "notifications", "lock"}[c]
}

// Offers reports whether m's ends keep the contract.
func (m *Mechanism) Offers(c Contract) bool {
	switch c {
	case Selection:
		return m.Selects
	case Counts:
		return m.Notifies()
	case Locks:
		return m.OpenLocker != nil
	}
	return m.OpenSender != nil || m.Program != nil
}

// Notifies reports whether m has notifiers and waiters.
func (m *Mechanism) Notifies() bool { return m.OpenNotifier != nil }

// incomplete is what m lacks to offer a contract, and none by half; "": nothing.
func (m *Mechanism) incomplete() string {
	switch {
	case m.Program != nil:
		return ""
	case (m.OpenSender == nil) != (m.OpenReceiver == nil):
		return "it lacks one of OpenSender and OpenReceiver"
	case (m.OpenNotifier == nil) != (m.OpenWaiter == nil):
		return "it lacks one of OpenNotifier and OpenWaiter"
	case m.OpenSender == nil && m.OpenNotifier == nil && m.OpenLocker == nil:
		return "it lacks OpenSender and OpenReceiver"
	case m.OpenSender == nil && m.Selects:
		return "it lacks OpenSender, which Selects needs"
	}
	return ""
}

// Notifier is the notifying end of a link that carries no bytes: only that
// something has happened, and how often, as a count that a Waiter takes from.
// It is not safe for concurrent use.
type Notifier interface {
	// Notify adds one to the count and wakes the waiter. What is stored
	// before it is seen after the Wait that takes it. At Limits.Count it fails,
	// or waits for room, as declared; a mechanism that Coalesces may let one
	// stand for several that have not been taken yet.
	Notify() error
	Close() error
}

// Waiter is the other end. It is not safe for concurrent use, and belongs to
// the thread that opens it, to which its caller is locked until Close: a signal
// is directed to a thread, signal(7).
type Waiter interface {
	// Wait sleeps until the count is above zero, takes from it, and returns how
	// much: all or, where the kernel hands out one at a time, one.
	Wait() (n uint64, err error)
	Close() error
}

// Locker is an end of a link that keeps others out: of all its ends only one
// holds it at a time. It is not safe for concurrent use.
type Locker interface {
	// Lock sleeps until the lock is free, and takes it. What its last holder
	// before stored is then seen.
	Lock() error
	// Unlock gives it back, and wakes one sleeper. Only the holder may call it.
	Unlock() error
	Close() error
}
