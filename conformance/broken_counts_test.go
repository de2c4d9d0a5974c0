package conformance

import (
	"errors"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// notifying, waitingOn and locking break an end of that kind.

func notifying(wrap func(mechanisms.Notifier) mechanisms.Notifier) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) { m.OpenNotifier = wrapped(m.OpenNotifier, wrap) }
}

func waitingOn(wrap func(mechanisms.Waiter) mechanisms.Waiter) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) { m.OpenWaiter = wrapped(m.OpenWaiter, wrap) }
}

func locking(wrap func(mechanisms.Locker) mechanisms.Locker) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) { m.OpenLocker = wrapped(m.OpenLocker, wrap) }
}

func wrapped[E any](open func(mechanisms.Ticket) (E, error), wrap func(E) E) func(mechanisms.Ticket) (E, error) {
	return func(t mechanisms.Ticket) (E, error) {
		end, err := open(t)
		if err != nil {
			return end, err
		}
		return wrap(end), nil
	}
}

// forgetter loses one notification in a thousand.
type forgetter struct {
	mechanisms.Notifier
	given int
}

func (f *forgetter) Notify() error {
	if f.given++; f.given%1000 == 0 {
		return nil
	}
	return f.Notifier.Notify()
}

// doubler gives one in a thousand twice.
type doubler struct {
	mechanisms.Notifier
	given int
}

func (d *doubler) Notify() error {
	if d.given++; d.given%1000 == 0 {
		if err := d.Notifier.Notify(); err != nil {
			return err
		}
	}
	return d.Notifier.Notify()
}

// sleepless never sleeps: it says that it has taken what was not given.
type sleepless struct{ mechanisms.Waiter }

func (sleepless) Wait() (uint64, error) { return 1, nil }

// idler takes what is given, but spins meanwhile.
type idler struct{ mechanisms.Waiter }

func (idler) Wait() (uint64, error) {
	spinning.Add(1)
	defer spinning.Done()
	for !stopped.Load() {
	}
	return 0, errors.New("stopped")
}

type countingAllocator struct{ mechanisms.Notifier }

func (c countingAllocator) Notify() error {
	sink = make([]byte, 100)
	return c.Notifier.Notify()
}

// intruder does not wait for its turn: one in ten times it takes no lock.
type intruder struct {
	mechanisms.Locker
	taken int
	held  bool
}

func (i *intruder) Lock() error {
	i.taken++
	if i.held = i.taken%10 != 0; i.held {
		return i.Locker.Lock()
	}
	return nil
}

func (i *intruder) Unlock() error {
	if i.held {
		return i.Locker.Unlock()
	}
	return nil
}

// rude takes no lock at all, but as long as one takes.
type rude struct{ mechanisms.Locker }

func (rude) Lock() error   { sys.SchedYield(); return nil }
func (rude) Unlock() error { return nil }
