package sys

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Parcel is a byte and a descriptor as a UNIX domain socket carries them,
// SCM_RIGHTS in unix(7). It is made once and used for every message.
type Parcel struct {
	header  unix.Msghdr
	vector  unix.Iovec
	control [4]uint64 // struct cmsghdr and a descriptor, aligned
	data    [1]byte
}

// NewParcel returns an empty one.
func NewParcel() *Parcel {
	p := &Parcel{}
	p.vector = Vector(p.data[:])
	p.header.Iov = &p.vector
	p.header.SetIovlen(1)
	p.header.Control = (*byte)(unsafe.Pointer(&p.control))
	return p
}

func (p *Parcel) cmsg() *unix.Cmsghdr { return (*unix.Cmsghdr)(unsafe.Pointer(&p.control)) }

func (p *Parcel) fd() *int32 {
	return (*int32)(unsafe.Add(unsafe.Pointer(&p.control), unix.CmsgLen(0)))
}

// Send passes a copy of the descriptor fd over the socket. Where no process is left
// to take it, it fails with EPIPE and raises no signal.
func (p *Parcel) Send(socket, fd int) error {
	p.header.SetControllen(unix.CmsgSpace(4))
	c := p.cmsg()
	c.Level, c.Type = unix.SOL_SOCKET, unix.SCM_RIGHTS
	c.SetLen(unix.CmsgLen(4))
	*p.fd() = int32(fd)
	_, err := p.call(unix.SYS_SENDMSG, socket, unix.MSG_NOSIGNAL, "sendmsg")
	return err
}

// Receive takes the next descriptor, close-on-exec; -1 at the end of file.
func (p *Parcel) Receive(socket int) (fd int, err error) {
	p.header.SetControllen(len(p.control) * 8)
	n, err := p.call(unix.SYS_RECVMSG, socket, unix.MSG_CMSG_CLOEXEC, "recvmsg")
	if err != nil || n == 0 {
		return -1, err
	}
	if c := p.cmsg(); int(p.header.Controllen) < unix.CmsgLen(4) || c.Type != unix.SCM_RIGHTS {
		return -1, errors.New("recvmsg: a message without its descriptor, which RLIMIT_NOFILE may have kept out, unix(7)")
	}
	return int(*p.fd()), nil
}

func (p *Parcel) call(trap uintptr, socket, flags int, name string) (int, error) {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(trap, uintptr(socket), uintptr(unsafe.Pointer(&p.header)), uintptr(flags), 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(trap, uintptr(socket), uintptr(unsafe.Pointer(&p.header)), uintptr(flags), 0, 0, 0))
		}
	}
	return a.Result(name)
}

// PreadStart reads up to len(p) bytes from the start of a file, pread(2) at
// offset 0.
func PreadStart(fd int, p []byte) (int, error) {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0))
		}
	}
	return a.Result("pread")
}

// Close closes the descriptor, close(2). It is not made again where a signal
// interrupts it: the descriptor is closed either way.
func Close(fd int) error {
	if !dedicated {
		return os.NewSyscallError("close", syscall.Close(fd))
	}
	_, err := enter(unix.SYS_CLOSE, uintptr(fd), 0, 0, 0, 0, 0).Result("close")
	return err
}
