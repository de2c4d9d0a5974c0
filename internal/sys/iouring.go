package sys

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ring is a ring of io_uring(7) that one request at a time goes through: put
// into the submission queue, and its completion waited for, by one
// io_uring_enter(2). It is not safe for concurrent use.
type Ring struct {
	fd    int
	maps  [2][]byte
	entry *sqe    // the only one that is used
	tail  *uint32 // of the submission queue, which the kernel reads
	head  *uint32 // of the completion queue, which the kernel reads
	ready *uint32 // the completion queue's tail, which the kernel writes
	done  []cqe
	lost  *uint32 // completions that found no room
	busy  []byte  // what the kernel reads or writes: so it lies on no stack, and stays
}

// sqe is struct io_uring_sqe of linux/io_uring.h, as for a read or a write.
type sqe struct {
	opcode uint8
	flags  uint8
	ioprio uint16
	fd     int32
	off    uint64
	addr   uint64
	len    uint32
	op     uint32 // flags of the operation
	user   uint64
	_      [3]uint64
}

// cqe is struct io_uring_cqe.
type cqe struct {
	user  uint64
	res   int32 // what read(2) or write(2) would return, or an errno below zero
	flags uint32
}

// ringParams is struct io_uring_params.
type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFD uint32

	_  [3]uint32
	sq struct{ head, tail, mask, entries, flags, dropped, array, _, _, _ uint32 }
	cq struct{ head, tail, mask, entries, overflow, cqes, flags, _, _, _ uint32 }
}

// From linux/io_uring.h.
const (
	offSQRing = 0
	offSQEs   = 0x10000000

	enterGetEvents = 1 << 0

	opRead  = 22
	opWrite = 23

	featSingleMmap = 1 << 0
	featRWCurPos   = 1 << 3

	currentPos = ^uint64(0) // as read(2) and write(2) do
)

// ErrRingTooOld reports that this kernel's io_uring has no plain reads and
// writes yet, which came with Linux 5.6, io_uring_enter(2).
var ErrRingTooOld = errors.New("its io_uring lacks IORING_OP_READ and IORING_OP_WRITE of Linux 5.6")

// errForeign reports that the ring's queues do not hold what one request
// leaves.
var errForeign = errors.New("io_uring: the completion of another request, or one that found no room")

// OpenRing makes a ring without any flag, io_uring_setup(2), so that requests
// are submitted and completed by the thread that waits for them.
func OpenRing() (*Ring, error) {
	var p ringParams
	fd, _, errno := syscall.Syscall6(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&p)), 0, 0, 0, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("io_uring_setup", errno)
	}
	r := &Ring{fd: int(fd)}
	if err := r.mapMemory(&p); err != nil {
		unix.Close(r.fd)
		return nil, err
	}
	return r, nil
}

// mapMemory maps what the ring shares with the kernel. Its addresses are free
// again when no goroutine can be in it: a ring may be closed while one waits.
func (r *Ring) mapMemory(p *ringParams) error {
	if need := uint32(featSingleMmap | featRWCurPos); p.features&need != need {
		return ErrRingTooOld
	}
	size := max(p.sq.array+4*p.sqEntries, p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(cqe{})))
	queues, err := ringMemory(r.fd, offSQRing, int(size))
	if err != nil {
		return err
	}
	entries, err := ringMemory(r.fd, offSQEs, int(p.sqEntries)*int(unsafe.Sizeof(sqe{})))
	if err != nil {
		return errors.Join(err, unix.Munmap(queues))
	}
	r.maps = [2][]byte{queues, entries}
	runtime.AddCleanup(r, func(maps [2][]byte) {
		unix.Munmap(maps[0])
		unix.Munmap(maps[1])
	}, r.maps)
	word := func(at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&queues[at])) }
	r.entry = (*sqe)(unsafe.Pointer(&entries[0]))
	r.tail, r.head, r.ready, r.lost = word(p.sq.tail), word(p.cq.head), word(p.cq.tail), word(p.cq.overflow)
	r.done = unsafe.Slice((*cqe)(unsafe.Pointer(&queues[p.cq.cqes])), p.cqEntries)
	for i := range p.sqEntries { // every place of the queue holds the first entry
		*word(p.sq.array + 4*i) = 0
	}
	return nil
}

func ringMemory(fd int, offset int64, size int) ([]byte, error) {
	p, err := unix.Mmap(fd, offset, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	return p, os.NewSyscallError("mmap", err)
}

// Close gives back the ring's memory and its descriptor, once only. The kernel
// counts its two pages against RLIMIT_MEMLOCK for some 5 to 30 ms more.
func (r *Ring) Close() error {
	return errors.Join(Vacate(r.maps[0]), Vacate(r.maps[1]), os.NewSyscallError("close", unix.Close(r.fd)))
}

// Read is Read by way of the ring.
func (r *Ring) Read(fd int, p []byte) (int, error) { return r.do("read", opRead, fd, p) }

// Write is Write by way of the ring.
func (r *Ring) Write(fd int, p []byte) (int, error) { return r.do("write", opWrite, fd, p) }

func (r *Ring) do(call string, opcode uint8, fd int, p []byte) (n int, err error) {
	a := Untried
	for again(a) {
		if a, err = r.request(opcode, fd, p); err != nil {
			return 0, err
		}
	}
	return a.Result(call)
}

// request makes one request and waits for its completion, which it returns. An
// error is one of the ring itself.
func (r *Ring) request(opcode uint8, fd int, p []byte) (Attempt, error) {
	r.busy = p
	tail := *r.tail // the kernel only reads it
	e := r.entry
	e.opcode, e.fd, e.off, e.user = opcode, int32(fd), currentPos, uint64(tail)
	e.addr, e.len = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))), uint32(len(p))
	atomic.StoreUint32(r.tail, tail+1) // after the entry, for the kernel's acquire
	head := *r.head                    // the kernel only reads it
	for submit := uint32(1); atomic.LoadUint32(r.ready) == head; {
		n, err := r.enter(submit)
		if err != nil {
			return 0, err
		}
		if submit -= uint32(n); submit == 0 && atomic.LoadUint32(r.ready) == head {
			interrupts.Add(1) // by a signal that came after it was submitted
		}
	}
	c := &r.done[head&uint32(len(r.done)-1)]
	user, res := c.user, c.res
	atomic.StoreUint32(r.head, head+1) // after the completion was read
	if user != uint64(tail) || atomic.LoadUint32(r.lost) != 0 {
		return 0, errForeign
	}
	return Attempt(res), nil
}

// enter submits up to submit requests and waits for one completion. A signal
// that comes once they are submitted ends the wait without an error,
// io_uring_enter(2): the caller looks at the queue again either way.
func (r *Ring) enter(submit uint32) (submitted int, err error) {
	for a := Untried; ; {
		if dedicated {
			a = enter(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(submit), 1, enterGetEvents, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(submit), 1, enterGetEvents, 0, 0))
		}
		if !again(a) {
			return a.Result("io_uring_enter")
		}
	}
}
