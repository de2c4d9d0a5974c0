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
	return m.OpenSender != nil
}

// Notifies reports whether m has notifiers and waiters.
func (m *Mechanism) Notifies() bool { return m.OpenNotifier != nil }

// complete reports whether m offers a contract, and none by half.
func (m *Mechanism) complete() bool {
	return (m.OpenSender != nil) == (m.OpenReceiver != nil) && (m.OpenNotifier != nil) == (m.OpenWaiter != nil) &&
		(m.OpenSender != nil || m.OpenNotifier != nil || m.OpenLocker != nil) && (m.OpenSender != nil || !m.Selects)
}
