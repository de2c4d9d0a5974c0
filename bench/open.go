package bench

import "ipcbench/mechanisms"

// Open opens the part's ends of the mechanism, as the cell's workload plays on
// them, in this process and on this thread.
func (e *Ends) Open(m *mechanisms.Mechanism, senders, receivers []mechanisms.Ticket) (err error) {
	if len(senders)+len(receivers) == 0 {
		return nil // a floor, of no mechanism
	}
	switch WorkloadOf(e.cell).Contract {
	case mechanisms.Counts:
		if e.Notifiers, err = openAll(senders, m.OpenNotifier); err == nil {
			e.Waiters, err = openAll(receivers, m.OpenWaiter)
		}
	case mechanisms.Locks:
		var all []mechanisms.Locker
		if all, err = openAll(senders, m.OpenLocker); err == nil {
			e.Locker = all[0]
		}
	default:
		if e.Senders, err = openAll(senders, m.OpenSender); err == nil {
			e.Receivers, err = openAll(receivers, m.OpenReceiver)
		}
	}
	return err
}

func openAll[E any](tickets []mechanisms.Ticket, open func(mechanisms.Ticket) (E, error)) (ends []E, err error) {
	for _, t := range tickets {
		end, err := open(t)
		if err != nil {
			return nil, err
		}
		ends = append(ends, end)
	}
	return ends, nil
}
