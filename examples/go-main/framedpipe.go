package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
	_ "ipcbench/mechanisms/pipes" // registers pipe, which this mechanism is made of
)

const name = "framedpipe"

// The length of a message stands in front of it, in so many bytes.
const header = 4

// A pipe whose messages have their length in front: a writev(2) sends both, and a
// reader that does not know the length reads twice.
var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:      name,
	VariantOf: "pipe",
	Summary:   "messages with their length in front through a pipe, by writev and two reads",
	Family:    mechanisms.Pipes,
	Man:       []string{"writev(2)", "pipe(7)"},
	Framing:   mechanisms.Stream,
	Since:     "2.6.27", // pipe2
	EOF:       true,
	Facts: mechanisms.Facts{
		Kernel: "A writev(2) enters pipe_write, which copies the length and the message behind each other into pages of the pipe. " +
			"Two read(2) enter pipe_read: the first copies the length out, the second the message.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "writev", Kernel: 1}, Object: "pages of a pipe",
			Receive: mechanisms.Hop{Call: "read", Kernel: 1},
		},
		Gone:   "EPIPE",
		Traits: traits(),
		Cautions: []mechanisms.Caution{
			{Text: "a reader that loses count of the bytes takes a part of a message for a length", Man: "pipe(7)", Silent: true},
			{Text: "writes of more than PIPE_BUF (4096) bytes, with the length, may interleave with those of other writers", Man: "pipe(7)", Silent: true},
		},
	},
	Limits:       limits,
	New:          newLink,
	Capacity:     pipe.Capacity,
	Usual:        pipe.Usual,
	Uses:         pipe.Uses,
	OpenSender:   descriptor.Opens(name, func(d descriptor.End) mechanisms.Sender { return &sender{End: d, parts: make([]unix.Iovec, 2)} }),
	OpenReceiver: descriptor.Opens(name, func(d descriptor.End) mechanisms.Receiver { return &receiver{End: d, length: make([]byte, header)} }),
})

var pipe = mechanisms.Lookup("pipe")

// traits are those of a pipe but for the length.
func traits() mechanisms.Traits {
	t := pipe.Facts.Traits
	t.Atomic = mechanisms.Documented("4092 bytes: PIPE_BUF with the length", "pipe(7)")
	t.Message = mechanisms.Documented("a length of 4 bytes in front, by convention", "pipe(7)")
	return t
}

func limits(queue int) (mechanisms.Limits, error) {
	l, err := pipe.Limits(queue)
	l.Atomic.N -= header
	l.Atomic.Source += fmt.Sprintf(" - %d", header)
	return l, err
}

func newLink(s mechanisms.Spec) (*mechanisms.Link, error) {
	l, err := pipe.New(s)
	if err != nil {
		return nil, err
	}
	l.Mechanism = name
	return l, nil
}

type sender struct {
	descriptor.End
	length [header]byte
	parts  []unix.Iovec // the length and the message, or what is left of them
}

// Send writes the length and the message.
func (s *sender) Send(p []byte) error {
	for rest := s.frame(p); rest > 0; {
		n, errno := s.write()
		if errno != 0 {
			return mechanisms.Failed("send", name, len(p), os.NewSyscallError("writev", errno))
		}
		rest -= n
		s.pass(n)
	}
	return nil
}

// Fill sends until the pipe is full, which shows without blocking.
func (s *sender) Fill(p []byte) (whole int, err error) {
	if err := unix.SetNonblock(s.Num, true); err != nil {
		return 0, mechanisms.Failed("send", name, len(p), os.NewSyscallError("fcntl", err))
	}
	defer unix.SetNonblock(s.Num, false)
	for {
		for rest := s.frame(p); rest > 0; {
			n, errno := s.write()
			if errno == unix.EAGAIN {
				return whole, nil
			}
			if errno != 0 {
				return whole, mechanisms.Failed("send", name, len(p), os.NewSyscallError("writev", errno))
			}
			rest -= n
			s.pass(n)
		}
		whole++
	}
}

// frame makes parts those of a message, and returns how many bytes they have.
func (s *sender) frame(p []byte) int {
	binary.LittleEndian.PutUint32(s.length[:], uint32(len(p)))
	s.parts[0].Base, s.parts[1].Base = &s.length[0], unsafe.SliceData(p)
	s.parts[0].SetLen(header)
	s.parts[1].SetLen(len(p))
	return header + len(p)
}

func (s *sender) write() (int, syscall.Errno) {
	return descriptor.Syscall(unix.SYS_WRITEV, uintptr(s.Num), uintptr(unsafe.Pointer(&s.parts[0])), 2, 0, 0, 0)
}

// pass drops the first n bytes of the parts, which are written.
func (s *sender) pass(n int) {
	for i := range s.parts {
		v := &s.parts[i]
		k := min(n, int(v.Len))
		v.Base = (*byte)(unsafe.Add(unsafe.Pointer(v.Base), k))
		v.SetLen(int(v.Len) - k)
		n -= k
	}
}

type receiver struct {
	descriptor.End
	length []byte
}

// Recv reads the length, and then as much.
func (r *receiver) Recv(p []byte) error {
	err := r.read(r.length)
	if err == io.EOF {
		return err
	}
	if n := int(binary.LittleEndian.Uint32(r.length)); err == nil && n != len(p) {
		err = mechanisms.WrongLength(n, len(p))
	}
	if err == nil {
		err = r.read(p)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		return mechanisms.Failed("recv", name, len(p), err)
	}
	return nil
}

// read reads until p is full. It returns io.EOF where the pipe ended before.
func (r *receiver) read(p []byte) error {
	for rest := p; len(rest) > 0; {
		n, errno := descriptor.Syscall(unix.SYS_READ, uintptr(r.Num), uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)), 0, 0, 0)
		switch {
		case errno != 0:
			return os.NewSyscallError("read", errno)
		case n == 0 && len(rest) == len(p):
			return io.EOF
		case n == 0:
			return io.ErrUnexpectedEOF
		}
		rest = rest[n:]
	}
	return nil
}
