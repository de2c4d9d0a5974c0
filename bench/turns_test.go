package bench

import (
	"encoding/binary"
	"errors"
	"testing"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// giver is a waiter that gives what it is made of, in turn.
type giver []uint64

func (g *giver) Wait() (uint64, error) {
	n := (*g)[0]
	*g = (*g)[1:]
	return n, nil
}

func (*giver) Close() error { return nil }

type nobodyNotified struct{ notified int }

func (n *nobodyNotified) Notify() error { n.notified++; return nil }
func (*nobodyNotified) Close() error    { return nil }

func TestNotifyChecksEachCount(t *testing.T) {
	for i, part := range Notify.Topology(0).Parts {
		for _, c := range []struct {
			gives []uint64
			want  error
		}{
			{[]uint64{1, 1, 1}, nil},
			{[]uint64{1, 2, 1}, &CheckError{What: "notifications at once", Sender: noSender, Want: 1, Got: 2}},
			{[]uint64{0}, &CheckError{What: "notifications at once", Sender: noSender, Want: 1, Got: 0}},
		} {
			e := NewEnds(part, results.Cell{Workload: "Notify", Size: 1}, seed)
			gives := giver(c.gives)
			out := &nobodyNotified{}
			e.Waiters, e.Notifiers = []mechanisms.Waiter{&gives}, []mechanisms.Notifier{out}
			_, err := e.Play(3)
			var wrong *CheckError
			if errors.As(err, &wrong) != (c.want != nil) || wrong != nil && *wrong != *c.want.(*CheckError) {
				t.Errorf("part %d, given %v: %v, want %v", i, c.gives, err, c.want)
			}
			if err == nil && (out.notified != 3 || e.Finish(3) != nil) {
				t.Errorf("part %d notified %d times", i, out.notified)
			}
		}
	}
}

// The part that is the last to report its turns holds the count against all.
func TestContendChecksTheTotal(t *testing.T) {
	for _, lost := range []uint64{0, 1} {
		shared := make([]byte, 2*cacheLine)
		var all []*Ends
		for _, part := range Contend.Topology(3).Parts {
			e := NewEnds(part, results.Cell{Workload: "Contend", Size: 8, Peers: 3}, seed)
			e.Shared, e.Locker = shared, open{}
			all = append(all, e)
		}
		for round := range 3 {
			for _, e := range all {
				if _, err := e.Play(10); err != nil {
					t.Fatal(err)
				}
			}
			if round == 1 {
				binary.NativeEndian.PutUint64(shared, binary.NativeEndian.Uint64(shared)-lost)
			}
			for i, e := range all {
				err := e.Finish(10)
				if want := lost > 0 && round > 0 && i == 2; (err != nil) != want {
					t.Errorf("lost %d, round %d, part %d: %v", lost, round, i, err)
				}
			}
		}
	}
}

// open is a lock that is always open.
type open struct{}

func (open) Lock() error   { return nil }
func (open) Unlock() error { return nil }
func (open) Close() error  { return nil }
