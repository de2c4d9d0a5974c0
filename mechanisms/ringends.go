package mechanisms

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

type ringSender struct {
	*ring
	take []sys.Sembuf // waits for a free slot, and the lock
	try  []sys.Sembuf // the same, but does not wait
	give []sys.Sembuf // hands the slot over, and the lock back
}

func openRingSender(t Ticket) (Sender, error) {
	r, err := openRing(t)
	if err != nil {
		return nil, err
	}
	s := &ringSender{
		ring: r,
		take: []sys.Sembuf{{Num: semFree, Op: -1}},
		give: []sys.Sembuf{{Num: semFilled, Op: 1}},
	}
	if t.Spec.Senders > 1 {
		r.next = (*uint32)(unsafe.Pointer(&r.memory[r.Slots*r.stride]))
		s.take = append(s.take, sys.Sembuf{Num: semLock, Op: -1})
		s.give = append(s.give, sys.Sembuf{Num: semLock, Op: 1})
	}
	for _, op := range s.take {
		op.Flg = unix.IPC_NOWAIT
		s.try = append(s.try, op)
	}
	return s, nil
}

func (s *ringSender) Send(p []byte) error {
	if len(p) != s.size {
		return s.failed(p, errLength(len(p), s.size))
	}
	if a := sys.TrySemop(s.Sem, s.take); a != 0 {
		if err := a.Semop(s.Sem, s.take); err != nil {
			return s.failed(p, err)
		}
	}
	copy(s.slot(), p)
	if a := sys.TrySemop(s.Sem, s.give); a != 0 {
		if err := a.Semop(s.Sem, s.give); err != nil {
			return s.failed(p, err)
		}
	}
	return nil
}

func (s *ringSender) failed(p []byte, err error) error { return failed("send", "sysvshm", len(p), err) }

// Fill takes slots with IPC_NOWAIT.
func (s *ringSender) Fill(p []byte) (int, error) {
	for whole := 0; ; whole++ {
		err := sys.Semop(s.Sem, s.try)
		if errors.Is(err, unix.EAGAIN) {
			return whole, nil
		}
		if err == nil {
			copy(s.slot(), p)
			err = sys.Semop(s.Sem, s.give)
		}
		if err != nil {
			return whole, s.failed(p, err)
		}
	}
}

type ringReceiver struct {
	*ring
	take []sys.Sembuf // waits for a filled slot
	give []sys.Sembuf // hands it back as free
}

func openRingReceiver(t Ticket) (Receiver, error) {
	r, err := openRing(t)
	if err != nil {
		return nil, err
	}
	return &ringReceiver{
		ring: r,
		take: []sys.Sembuf{{Num: semFilled, Op: -1}},
		give: []sys.Sembuf{{Num: semFree, Op: 1}},
	}, nil
}

func (r *ringReceiver) Recv(p []byte) error {
	if len(p) != r.size {
		return r.failed(p, errLength(r.size, len(p)))
	}
	if a := sys.TrySemop(r.Sem, r.take); a != 0 {
		if err := a.Semop(r.Sem, r.take); err != nil {
			return r.failed(p, err)
		}
	}
	copy(p, r.slot())
	if a := sys.TrySemop(r.Sem, r.give); a != 0 {
		if err := a.Semop(r.Sem, r.give); err != nil {
			return r.failed(p, err)
		}
	}
	return nil
}

func (r *ringReceiver) failed(p []byte, err error) error {
	return failed("recv", "sysvshm", len(p), err)
}
