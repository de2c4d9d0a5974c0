package descriptor

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Waiter is how an end waits that is a descriptor in non-blocking mode.
type Waiter interface {
	// Wait returns when another try may succeed, after so many attempts in a
	// row, from 1, that the kernel refused with EAGAIN.
	Wait(refused int) error
	Close() error
}

// NewWaiter makes the waiter of that name, one of Waits, for events of the
// descriptor: unix.POLLIN or unix.POLLOUT, which mean the same to epoll(7).
func NewWaiter(name string, fd int, events int16) (Waiter, error) {
	switch name {
	case "poll":
		return &pollWaiter{unix.PollFd{Fd: int32(fd), Events: events}}, nil
	case "epoll":
		set, err := sys.NewPollset(uint32(events), fd)
		return epollWaiter{set}, err
	case "spin":
		return spinWaiter{}, nil
	}
	return nil, fmt.Errorf("wait %q: want one of %v", name, mechanisms.Waits)
}

// pollWaiter asks the kernel anew each time what it is to wait for, poll(2).
type pollWaiter struct{ fd unix.PollFd }

func (w *pollWaiter) Wait(int) error { return sys.Poll(&w.fd) }

func (w *pollWaiter) Close() error { return nil }

// epollWaiter registers its descriptor once, epoll(7).
type epollWaiter struct{ set *sys.Pollset }

func (w epollWaiter) Wait(int) error { _, err := w.set.Wait(); return err }

func (w epollWaiter) Close() error { return w.set.Close() }

// spinWaiter tries again at once: it has a CPU of its own, or should have. Where
// its peer needs that CPU, waiting like this would use up a time slice for each
// message. So it loses its patience after a few microseconds, and from then on
// lets others run before each attempt, sched_yield(2).
type spinWaiter struct{}

// patience is how many attempts in a row are made at once.
const patience = 16

func (spinWaiter) Wait(refused int) error {
	if refused > patience {
		sys.LetGoroutinesRun()
		sys.SchedYield()
	}
	return nil
}

func (spinWaiter) Close() error { return nil }

// Own returns the end that as makes of a descriptor, which waits as s asks. It
// owns the descriptor, and closes it where it fails. E is Sender or Receiver.
func Own[E any](mech string, fd int, s mechanisms.Spec, as func(End) E) (end E, err error) {
	d := End{Mechanism: mech, Num: fd}
	if s.Wait != "" {
		if err = os.NewSyscallError("fcntl", unix.SetNonblock(fd, true)); err == nil {
			d.Waiter, err = NewWaiter(s.Wait, fd, awaited[E]())
		}
	}
	if err != nil {
		unix.Close(fd)
		return end, mechanisms.Failed("open", mech, s.Size, err)
	}
	return as(d), nil
}

// awaited is what ends of type E wait for.
func awaited[E any]() int16 {
	if _, sends := any((*E)(nil)).(*mechanisms.Sender); sends {
		return unix.POLLOUT
	}
	return unix.POLLIN
}

// Settle finishes a call on the descriptor that began with the attempt a, and
// waits while the kernel takes nothing, or has nothing. The call is named, and
// done by what settles an attempt at it.
func Settle[P any](d *End, name string, call func(sys.Attempt, int, P) sys.Attempt, a sys.Attempt, p P) (int, error) {
	for refused := 1; ; refused++ {
		a = call(a, d.Num, p)
		if !a.WouldBlock() || d.Waiter == nil {
			return a.Result(name)
		}
		if err := d.Wait(refused); err != nil {
			return 0, err
		}
		a = sys.Untried
	}
}

// write is a write that began with the attempt a.
func (d *End) write(p []byte, a sys.Attempt) (int, error) {
	if a >= 0 {
		return int(a), nil
	}
	return Settle(d, "write", sys.Attempt.SettleWrite, a, p)
}

// read is a read that began with the attempt a.
func (d *End) read(p []byte, a sys.Attempt) (int, error) {
	if a >= 0 {
		return int(a), nil
	}
	return Settle(d, "read", sys.Attempt.SettleRead, a, p)
}

// loopReceiver is a receiver in an event loop: it waits until the descriptor is
// readable, and reads then.
type loopReceiver struct {
	End
	in      mechanisms.Receiver      // on the same descriptor: where it finds nothing after all, it waits again
	batches mechanisms.BatchReceiver // in, where it is one
}

// looped is the receiver r on d as d's waiter has it.
func looped(d End, r mechanisms.Receiver) mechanisms.Receiver {
	switch d.Waiter.(type) {
	case *pollWaiter, *epollWaiter:
		batches, _ := r.(mechanisms.BatchReceiver)
		return &loopReceiver{d, r, batches}
	}
	return r
}

func (r *loopReceiver) Recv(p []byte) error {
	if err := r.Wait(1); err != nil {
		return mechanisms.Failed("recv", r.Mechanism, len(p), err)
	}
	return r.in.Recv(p)
}

// RecvBatch is for mechanisms with Batches only.
func (r *loopReceiver) RecvBatch(ps [][]byte) error {
	if err := r.Wait(1); err != nil {
		return mechanisms.Failed("recv", r.Mechanism, len(ps[0]), err)
	}
	return r.batches.RecvBatch(ps)
}
