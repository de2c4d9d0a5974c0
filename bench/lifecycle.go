package bench

import (
	"errors"
	"fmt"
	"ipcbench/results"
	"time"

	"ipcbench/mechanisms"
)

// Lifecycle makes a link, opens both its ends, sends one message through and
// destroys it: what a channel costs that does not live long. One process does
// all of it, one thing after the other, so that no process waits for another.
//
// In the number is what an end does once to be ready: a mapped segment has each
// of its pages touched. So is the care that the contract of mechanisms asks
// for: names that cannot be guessed, a ticket that is written and read as JSON
// where it needs an attribute, and the proof, before an object is removed, that
// it is still the one that was made. That is little for descriptors and more
// than the bare calls for FIFOs and System V objects: what a careful program
// pays, not the least that the kernel takes.
//
// Not in the number is the wait for what links before have held and the kernel
// gives back late, such as the memory of a ring. It is in the account of the
// round.
var Lifecycle = Register(&Workload{
	Name:    "Lifecycle",
	Summary: "make a link, open both ends, send one message, close and destroy, in one process",
	Op:      "link",
	Makes:   true,
	Means:   "make a link, send one message, destroy it",
	Order:   8,
	Against: results.Call,
	Topology: func(int) Topology {
		return Topology{
			Wires: []Wire{{Senders: 1, Receivers: 1}},
			Parts: []Part{{Role: "maker", Sends: []int{0}, Receives: []int{0}, Origins: 1, Timer: true, Prepare: tryOne, Play: live}},
		}
	},
})

// tryOne finds out what the kernel withholds from this process before a round.
func tryOne(e *Ends) error {
	e.Own = time.Now() // when the first was made
	return live(e, 1)
}

func live(e *Ends, n int) error {
	watch := e.stopwatch()
	var l *mechanisms.Link
	before := mechanisms.Waited()
	for range n {
		var err error
		if l, err = e.Mechanism.New(e.Spec); err != nil {
			return e.Mechanism.Exhausted(e.Spec, err)
		}
		if err := errors.Join(e.use(l), l.Destroy()); err != nil {
			return err
		}
		if now := mechanisms.Waited(); now != before {
			watch.leaveOut(now - before)
			e.Waited += now - before
			if err := e.waitsTooLong(); err != nil {
				return err
			}
			before = now
		}
		watch.lap()
	}
	e.Made = l.Given
	return nil
}

// A launch that waits for nine tenths of its time takes ten times as long as a
// plan reckons with.
const (
	mostWaited = time.Second
	mostShare  = 0.9
)

// waitsTooLong is the reason for which such a launch goes no further; nil: it
// may.
func (e *Ends) waitsTooLong() error {
	if e.Waited <= mostWaited || e.Waited <= time.Duration(mostShare*float64(time.Since(e.Own.(time.Time)))) {
		return nil
	}
	return &mechanisms.UnsupportedError{Mechanism: e.Mechanism.Name, What: fmt.Sprintf(
		"%s waits more than %.0f %% of its time for what the kernel gives back late: %s", e.cell.Workload, 100*mostShare, mechanisms.WaitedFor())}
}

// use opens the link as a session and its workers do, and sends one message.
func (e *Ends) use(l *mechanisms.Link) (err error) {
	in, err := e.Mechanism.OpenReceiver(l.Receiver)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := e.Mechanism.OpenSender(l.Sender)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := l.Release(); err != nil {
		return err
	}
	e.stamp()
	if err := out.Send(e.buf); err != nil {
		return err
	}
	if err := in.Recv(e.buf); err != nil {
		return err
	}
	return e.check()
}
