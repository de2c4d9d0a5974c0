package mechanisms

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// End is one open end of a link, with the side that it is on: some ends are
// both a Sender and a Receiver.
type End struct {
	Value any
	Sends bool
}

// JoinCapacity joins what the ends of one link read of its capacity. Ends that
// read the same thing count once, by the least; what they read of different
// things adds up: a message through TCP passes the sender's buffer and the
// receiver's. The zero Given means that no end could read anything.
func JoinCapacity(parts []Given) (all Given) {
	least := map[string]int{}
	var sources []string
	for _, p := range parts {
		if p.Source == "" {
			continue
		}
		n, known := least[p.Source]
		if !known {
			sources = append(sources, p.Source)
			n = p.Queue
		}
		least[p.Source] = min(n, p.Queue)
	}
	for _, source := range sources {
		all.Queue += least[source]
		if all.Source != "" {
			all.Source += " + "
		}
		all.Source += source
	}
	return all
}

// The functions below are for Mechanism.Capacity.

// pipeCapacity is of a pipe, by either end: F_GETPIPE_SZ.
func pipeCapacity(e End) (Given, error) { return ofDescriptor(e, "F_GETPIPE_SZ", pipeSize) }

func pipeSize(fd int) (int, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	return n, os.NewSyscallError("fcntl", err)
}

// sentCapacity is of sockets that charge the sender with what is under way.
func sentCapacity(e End) (Given, error) {
	if !e.Sends {
		return Given{}, nil
	}
	return ofDescriptor(e, "SO_SNDBUF", buffer(unix.SO_SNDBUF))
}

// receivedCapacity is of sockets that charge the receiver.
func receivedCapacity(e End) (Given, error) {
	if e.Sends {
		return Given{}, nil
	}
	return ofDescriptor(e, "SO_RCVBUF", buffer(unix.SO_RCVBUF))
}

// bothCapacity is of sockets with a buffer on either side.
func bothCapacity(e End) (Given, error) {
	if e.Sends {
		return sentCapacity(e)
	}
	return receivedCapacity(e)
}

func buffer(option int) func(fd int) (int, error) {
	return func(fd int) (int, error) { return askBuffer(fd, option, 0) }
}

// ownCapacity is of ends that keep the link's capacity themselves: the slots of
// a ring, the files of a pool.
func ownCapacity(e End) (Given, error) {
	if k, ok := e.Value.(keeper); ok {
		return k.keeps()
	}
	return Given{}, nil
}

// keeper is an end that knows how many bytes its link takes before Send
// blocks, or asks the kernel by something else than a descriptor.
type keeper interface {
	keeps() (Given, error)
}

// ofDescriptor reads from the descriptor of an end, without duplicating it: a
// second descriptor would hide an end of file. An end that is none reads
// nothing.
func ofDescriptor(e End, source string, read func(fd int) (int, error)) (g Given, err error) {
	at := func(fd int) {
		var n int
		if n, err = read(fd); err == nil {
			g = Given{Queue: n, Source: source}
		}
	}
	end := e.Value
	switch wrapped := end.(type) {
	case *lentReader:
		end = wrapped.Receiver
	case *ioEnd:
		end = wrapped.conduit
	}
	switch end := end.(type) {
	case Descriptor:
		at(end.FD())
	case polled:
		raw, e := end.SyscallConn()
		if e == nil {
			e = raw.Control(func(fd uintptr) { at(int(fd)) })
		}
		err = errors.Join(err, e)
	}
	return g, err
}

// Usual is the capacity of a link where nothing is short.
type Usual struct {
	Queue int    // bytes
	Other string // why a link has another, and the remedy
}

// Unusual says which capacity is usual for a link of s, in bytes, and why one of
// that many bytes has another, with the remedy; "" where it has the usual one.
// Usual is 0 where none is known.
func (m *Mechanism) Unusual(s Spec, given int) (usual int, why string) {
	if m.Usual == nil {
		return 0, ""
	}
	u := m.Usual(s)
	if u.Queue != given {
		why = fmt.Sprintf("%s: capacity %d bytes, usual %d: %s", m.Name, given, u.Queue, u.Other)
	}
	return u.Queue, why
}

// usualPipe is how many bytes a new pipe has, pipe(7), or one that is asked for
// s.Queue: a power of two of pages.
func usualPipe(s Spec) Usual {
	const slots = 16 // PIPE_DEF_BUFFERS of linux/pipe_fs_i.h
	page := os.Getpagesize()
	if s.Queue > 0 {
		u := Usual{Queue: page, Other: "another process has changed it by F_SETPIPE_SZ: end that process, fcntl(2)"}
		for u.Queue < s.Queue {
			u.Queue *= 2
		}
		return u
	}
	u := Usual{Queue: slots * page}
	soft, err := sysctl(pipeUserSoft)
	if most, e := sysctl(pipeMaxSize); e == nil && most < u.Queue {
		u.Other = fmt.Sprintf("%s is %d: raise it, pipe(7)", pipeMaxSize, most)
	} else if err == nil && soft > 0 {
		u.Other = fmt.Sprintf("the pipes of this user hold more than %d pages, %s: close pipes, or raise it, pipe(7)", soft, pipeUserSoft)
	} else {
		u.Other = "another process has changed it by F_SETPIPE_SZ: end that process, fcntl(2)"
	}
	return u
}

// What ends read that keep the capacity themselves, or ask the kernel for it by
// something else than a descriptor.

// keeps is what the messages of all slots may take, as Link.Given has it: the
// memory as it was mapped, less header and marks.
func (r *ring) keeps() (Given, error) {
	n := len(r.memory.bytes) - ringBytes(r.slots, r.size) + r.slots*lines(r.size)
	return Given{Queue: n, Source: "slots of the ring"}, nil
}

func (e *vmEnd) keeps() (Given, error) {
	return Given{Queue: int(e.slots) * e.stride, Source: "slots of the sender"}, nil
}

func (s *memfdSender) keeps() (Given, error) {
	_, each := filesFor(Spec{Size: s.size})
	return Given{Queue: len(s.files) * each, Source: "files of the sender"}, nil
}

func (e sysvmsgEnd) keeps() (Given, error) {
	ds, err := sys.MsgStat(e.ID)
	return Given{Queue: int(ds.Qbytes), Source: "msg_qbytes"}, err
}

func (s *mqSender) keeps() (Given, error)   { return queueGiven(s.fd) }
func (r *mqReceiver) keeps() (Given, error) { return queueGiven(r.fd) }

// queueGiven reads what a POSIX message queue holds.
func queueGiven(fd int) (Given, error) {
	attr, err := sys.MqGetAttr(fd)
	return Given{Queue: attr.Maxmsg * attr.Msgsize, Source: "mq_maxmsg messages of mq_msgsize"}, err
}
