package mechanisms

import (
	"io"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// vector is what has yet to be written of several messages, or read. It keeps
// its memory from one batch to the next.
type vector struct {
	all  []unix.Iovec
	left []unix.Iovec // the end of all
}

// set makes the vector that of ps.
func (v *vector) set(ps [][]byte) {
	if len(v.all) < len(ps) {
		v.all = make([]unix.Iovec, len(ps)) // once, for the largest batch
	}
	v.left = v.all[:len(ps)]
	for i, p := range ps {
		v.left[i].Base = unsafe.SliceData(p)
		v.left[i].SetLen(len(p))
	}
}

// pass drops the first n bytes, which are done.
func (v *vector) pass(n int) {
	for n > 0 {
		first := &v.left[0]
		size := int(first.Len)
		if n < size {
			first.Base = (*byte)(unsafe.Add(unsafe.Pointer(first.Base), n))
			first.SetLen(size - n)
			return
		}
		n -= size
		v.left = v.left[1:]
	}
}

// SendBatch writes until all of ps is in, by writev(2).
func (s *streamSender) SendBatch(ps [][]byte) error {
	for s.set(ps); len(s.left) > 0; {
		n, err := s.writev(sys.TryWritev(s.fd, s.left))
		if err != nil {
			return failed("send", s.mechanism, len(ps[0]), err)
		}
		s.pass(n)
	}
	return nil
}

// RecvBatch reads until all of ps is full, by readv(2). The end of the stream
// inside a batch is io.ErrUnexpectedEOF.
func (r *streamReceiver) RecvBatch(ps [][]byte) error {
	r.set(ps)
	for first := true; len(r.left) > 0; first = false {
		n, err := r.readv(sys.TryReadv(r.fd, r.left))
		switch {
		case err != nil:
			return failed("recv", r.mechanism, len(ps[0]), err)
		case n == 0 && first:
			return io.EOF
		case n == 0:
			return failed("recv", r.mechanism, len(ps[0]), io.ErrUnexpectedEOF)
		}
		r.pass(n)
	}
	return nil
}

// writev is a writev of what is left that began with the attempt a.
func (s *streamSender) writev(a sys.Attempt) (int, error) {
	if a >= 0 {
		return int(a), nil
	}
	return settle(&s.descriptor, "writev", sys.Attempt.SettleWritev, a, s.left)
}

// readv is a readv of what is left that began with the attempt a.
func (r *streamReceiver) readv(a sys.Attempt) (int, error) {
	if a >= 0 {
		return int(a), nil
	}
	return settle(&r.descriptor, "readv", sys.Attempt.SettleReadv, a, r.left)
}
