package bench

import (
	"errors"
	"slices"
	"testing"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// page is both ends of a link of one message, which works in its only page.
type page struct {
	mechanisms.Sender
	mechanisms.Receiver
	p       []byte
	meddles func(p []byte) // once the message is handed over
}

func (p *page) Close() error             { return nil }
func (p *page) Reserve() ([]byte, error) { return p.p, nil }
func (p *page) Commit() error            { p.meddles(p.p); return nil }
func (p *page) Peek() ([]byte, error)    { return p.p, nil }
func (p *page) Release() error           { return nil }

// What lies in memory in place is checked as what is copied: its stamp always, the
// rest where it is sealed.
func TestLentMessagesAreChecked(t *testing.T) {
	flip := func(at int) func([]byte) { return func(p []byte) { p[at] ^= 1 } }
	for _, c := range []struct {
		what    string
		meddles func([]byte)
		content Content
		wrong   bool
	}{
		{"nothing", func([]byte) {}, Stamped, false},
		{"nothing", func([]byte) {}, Sealed, false},
		{"the stamp", flip(0), Stamped, true},
		{"the payload", flip(63), Stamped, false},
		{"the payload", flip(63), Sealed, true},
		{"the payload", flip(63), Bare, false},
	} {
		link := &page{p: mechanisms.Buffer(64), meddles: c.meddles}
		cell := results.Cell{Workload: "Stream", Size: 64, Options: results.Options{InPlace: true}}
		parts := Stream.Topology(0).Parts
		out, in := NewEnds(parts[0], cell, seed), NewEnds(parts[1], cell, seed)
		out.Senders, in.Receivers = []mechanisms.Sender{link}, []mechanisms.Receiver{link}
		var err error
		for range 3 {
			out.Carry(c.content)
			in.Carry(c.content)
			if _, err = out.Play(1); err != nil {
				t.Fatal(err)
			}
			if _, err = in.Play(1); err != nil {
				break
			}
		}
		var check *CheckError
		if errors.As(err, &check) != c.wrong || !c.wrong && err != nil {
			t.Errorf("changed %s, content %d: %v", c.what, c.content, err)
		}
	}
}

// A workload that takes copy=0 has a way to play each of its parts so.
func TestCopyPlaysInPlace(t *testing.T) {
	for _, w := range Workloads {
		for _, p := range w.Topology(max(w.MinPeers, 1)).Parts {
			if takes := slices.Contains(w.Takes, "copy"); takes != (p.InPlace != nil) {
				t.Errorf("%s takes copy: %v, and its %s plays so: %v", w.Name, takes, p.Role, p.InPlace != nil)
			}
		}
	}
}

// Batches of no messages give no number.
func TestWhatIsLentIsNoBatch(t *testing.T) {
	c := results.Cell{Workload: "Stream", Mechanism: "shmfutex", Size: 64, Place: "free", Options: results.Options{Batch: 16, InPlace: true}}
	if err := Stream.Admit(c); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("batch=16, copy=0: %v", err)
	}
	c.Batch = 0
	if err := Stream.Admit(c); err != nil {
		t.Error(err)
	}
}
