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
	s := ringSender{
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

func (s ringSender) Send(p []byte) error {
	if err := s.send(p, s.take); err != nil {
		return failed("send", "sysvshm", len(p), err)
	}
	return nil
}

// Fill takes slots with IPC_NOWAIT.
func (s ringSender) Fill(p []byte) (int, error) {
	for whole := 0; ; whole++ {
		err := s.send(p, s.try)
		if errors.Is(err, unix.EAGAIN) {
			return whole, nil
		}
		if err != nil {
			return whole, failed("send", "sysvshm", len(p), err)
		}
	}
}

func (s ringSender) send(p []byte, take []sys.Sembuf) error {
	if len(p) != s.size {
		return errLength(len(p), s.size)
	}
	if err := sys.Semop(s.Sem, take); err != nil {
		return err
	}
	copy(s.slot(), p)
	return sys.Semop(s.Sem, s.give)
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
	return ringReceiver{
		ring: r,
		take: []sys.Sembuf{{Num: semFilled, Op: -1}},
		give: []sys.Sembuf{{Num: semFree, Op: 1}},
	}, nil
}

func (r ringReceiver) Recv(p []byte) error {
	if err := r.recv(p); err != nil {
		return failed("recv", "sysvshm", len(p), err)
	}
	return nil
}

func (r ringReceiver) recv(p []byte) error {
	if len(p) != r.size {
		return errLength(r.size, len(p))
	}
	if err := sys.Semop(r.Sem, r.take); err != nil {
		return err
	}
	copy(p, r.slot())
	return sys.Semop(r.Sem, r.give)
}
