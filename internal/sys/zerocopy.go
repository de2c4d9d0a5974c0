package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SettleSend is to send(2) with flags what SettleWrite is to Write: sendto(2)
// without an address.
func (a Attempt) SettleSend(fd int, p []byte, flags int) Attempt {
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags), 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags), 0, 0))
		}
	}
	return a
}

// Notices is room for what a socket's error queue reports of memory that was sent
// with MSG_ZEROCOPY, one notice at a time: Documentation/networking/msg_zerocopy.rst
// of the kernel. It is made once and used for every notice.
type Notices struct {
	header  unix.Msghdr
	control [8]uint64 // struct cmsghdr, struct sock_extended_err and an address, aligned
}

// NewNotices returns an empty one.
func NewNotices() *Notices {
	n := &Notices{}
	n.header.Control = (*byte)(unsafe.Pointer(&n.control))
	return n
}

// Next takes the next notice of an IPv4 socket, recvmsg(2) with MSG_ERRQUEUE,
// which never waits: EAGAIN: there is none. Its result is what Range reads.
func (n *Notices) Next(fd int) Attempt {
	n.header.SetControllen(len(n.control) * 8)
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&n.header)), unix.MSG_ERRQUEUE, 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&n.header)), unix.MSG_ERRQUEUE, 0, 0, 0))
		}
	}
	return a
}

// Range is what the last notice holds: of the calls that were given memory, by
// their number on the socket from 0, those from first to last are done with it.
// It reports whether the kernel has copied the memory after all. ok is false
// where the notice is of something else.
func (n *Notices) Range() (first, last uint32, copied, ok bool) {
	c := (*unix.Cmsghdr)(unsafe.Pointer(&n.control))
	if int(n.header.Controllen) < unix.CmsgLen(int(unsafe.Sizeof(unix.SockExtendedErr{}))) || c.Level != unix.SOL_IP || c.Type != unix.IP_RECVERR {
		return 0, 0, false, false
	}
	e := (*unix.SockExtendedErr)(unsafe.Add(unsafe.Pointer(&n.control), unix.CmsgLen(0)))
	return e.Info, e.Data, e.Code&unix.SO_EE_CODE_ZEROCOPY_COPIED != 0, e.Errno == 0 && e.Origin == unix.SO_EE_ORIGIN_ZEROCOPY
}
