package bench

import (
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Notify sends one notification there and one back, again and again: what it
// costs to notify another process that something has happened, where what has
// happened is elsewhere. Each answers one that is taken, so that the count is
// exact even where notifications coalesce. They have no payload, and so no
// size: cells have the smallest that names can hold.
var Notify = Register(&Workload{
	Name:     "Notify",
	Summary:  "one notification there and back between two processes, without a payload",
	Op:       "round trip",
	Contract: mechanisms.Counts,
	Size:     1,
	Means:    "one notification there and back, no payload: the time of both",
	Order:    14,
	Against:  results.WakeUp,
	Topology: func(int) Topology {
		return Topology{
			Wires: []Wire{{Senders: 1, Receivers: 1}, {Senders: 1, Receivers: 1, Back: true}},
			Parts: []Part{
				{Role: "notifier", Sends: []int{0}, Receives: []int{1}, Origins: 1, Timer: true, Play: notify},
				{Role: "waiter", Sends: []int{1}, Receives: []int{0}, Origins: 1, Play: answer},
			},
		}
	},
})

func notify(e *Ends, n int) error {
	there, back := e.Notifiers[0], e.Waiters[0]
	watch := e.stopwatch()
	for range n {
		if err := there.Notify(); err != nil {
			return err
		}
		if err := e.waitForOne(back); err != nil {
			return err
		}
		watch.lap()
	}
	return nil
}

func answer(e *Ends, n int) error {
	there, back := e.Waiters[0], e.Notifiers[0]
	for range n {
		if err := e.waitForOne(there); err != nil {
			return err
		}
		if err := back.Notify(); err != nil {
			return err
		}
	}
	return nil
}

// waitForOne takes a notification, which must be one: the next is not sent
// before this is answered.
func (e *Ends) waitForOne(w mechanisms.Waiter) error {
	got, err := w.Wait()
	if err != nil {
		return err
	}
	if got != 1 {
		return &CheckError{What: "notifications at once", Sender: noSender, Want: 1, Got: got}
	}
	return nil
}
