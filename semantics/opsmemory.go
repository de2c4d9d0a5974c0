package semantics

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Operations of futex(2), from linux/futex.h.
const (
	futexWait       = 0
	futexWake       = 1
	futexRequeue    = 3
	futexCmpRequeue = 4
	futexWakeOp     = 5
	futexLockPI     = 6
	futexUnlockPI   = 7
	futexTrylockPI  = 8
	futexWaitBitset = 9
	futexPrivate    = 128

	futexOwnerDied = 1 << 30
	futexWaiters   = -1 << 31
)

// Seals of memfd_create(2), and of fcntl(2).
const (
	addSeals        = 1033
	getSeals        = 1034
	sealSeal        = 1
	sealShrink      = 2
	sealGrow        = 4
	sealWrite       = 8
	sealFutureWrite = 16
	allowSealing    = 2
)

// pages is memory of this process that vmsplice(2) gives to a pipe: outside the
// collector's heap, which must not be changed behind its back.
var pages = sync.OnceValues(func() ([]byte, error) {
	return unix.Mmap(-1, 0, 2*unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
})

// pageThenHole is a page of memory with none behind it.
var pageThenHole = sync.OnceValues(func() ([]byte, error) {
	p, err := unix.Mmap(-1, 0, 2*unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	return p[:len(p)/2], unix.Mprotect(p[len(p)/2:], unix.PROT_NONE)
})

// address is that of an attachment, and so many bytes on.
func address(n, at int) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(segment(n)))) + uintptr(at)
}

// futexWord is the word of that number in an attachment.
func futexWord(n, word int) *atomic.Uint32 { return sys.Word(segment(n)[4*word:]) }

// robust are the head of a list of robust futexes of a thread, and its only entry.
type robust struct {
	next    uintptr
	offset  uintptr
	pending uintptr
}

var memoryOps = map[string]op{
	"memory": {name: "store to memory", do: func(_ []int, d []byte) answer {
		p, err := pages()
		return result(copy(p, d), err)
	}},
	"vmsplice": {params: "fd n spliceflag", do: func(a []int, _ []byte) answer {
		p, err := pages()
		if err != nil {
			return result(-1, err)
		}
		n, err := unix.Vmsplice(a[0], []unix.Iovec{{Base: &p[0], Len: ulong(a[1])}}, a[2])
		return result(n, err)
	}},
	"vmspliceout": {name: "vmsplice into memory", params: "fd n", do: func(a []int, _ []byte) answer { // what memory holds then
		p, err := pages()
		if err != nil {
			return result(-1, err)
		}
		n, err := unix.Vmsplice(a[0], []unix.Iovec{{Base: &p[0], Len: ulong(a[1])}}, 0)
		return reading(append([]byte(nil), p[:a[1]]...), max(n, 0), err)
	}},
	"futex": {params: "attachment n n", do: func(a []int, _ []byte) answer { // on the first word
		return raw(unix.SYS_FUTEX, address(a[0], 0), uintptr(a[1]), uintptr(a[2]), 0, 0, 0)
	}},
	// All arguments: word and operation, value, milliseconds or a second value, second word, third value.
	"futexall": {name: "futex", params: "attachment word op n n word n", do: func(a []int, _ []byte) answer {
		limit, second := unix.NsecToTimespec(int64(a[4])*1e6), uintptr(a[4])
		switch a[2] &^ futexPrivate {
		case futexWait, futexWaitBitset, futexLockPI:
			if second = 0; a[4] != 0 {
				return raw(unix.SYS_FUTEX, address(a[0], 4*a[1]), uintptr(a[2]), uintptr(a[3]), uintptr(unsafe.Pointer(&limit)), address(a[0], 4*a[5]), uintptr(a[6]))
			}
		}
		return raw(unix.SYS_FUTEX, address(a[0], 4*a[1]), uintptr(a[2]), uintptr(a[3]), second, address(a[0], 4*a[5]), uintptr(a[6]))
	}},
	"futexat": {name: "futex", params: "attachment byte n n", do: func(a []int, _ []byte) answer {
		return raw(unix.SYS_FUTEX, address(a[0], a[1]), uintptr(a[2]), uintptr(a[3]), 0, 0, 0)
	}},
	"futexbad": {name: "futex on no memory", params: "n n", do: func(a []int, _ []byte) answer {
		return raw(unix.SYS_FUTEX, 4096, uintptr(a[0]), uintptr(a[1]), 0, 0, 0)
	}},
	"setword": {name: "store to word of attachment", params: "attachment word n", do: func(a []int, _ []byte) answer {
		futexWord(a[0], a[1]).Store(uint32(a[2]))
		return answer{}
	}},
	"gettid": {do: func([]int, []byte) answer { return answer{N: unix.Gettid()} }},
	"robust": {name: "set_robust_list, owner of word of attachment", params: "attachment word", do: func(a []int, _ []byte) answer {
		// The list lies in the attachment: a head at byte 256, an entry at 512.
		head, entry := address(a[0], 256), address(a[0], 512)
		p := segment(a[0])
		*(*robust)(unsafe.Pointer(&p[256])) = robust{next: entry, offset: uintptr(4*a[1]) - 512}
		*(*uintptr)(unsafe.Pointer(&p[512])) = head
		futexWord(a[0], a[1]).Store(uint32(unix.Gettid()))
		return raw(unix.SYS_SET_ROBUST_LIST, head, unsafe.Sizeof(robust{}), 0, 0, 0, 0)
	}},
	"mmap": {params: "fd n", do: func(a []int, _ []byte) answer { // an attachment, as that of shmat
		p, err := sys.Mmap(a[0], a[1])
		if err != nil {
			return result(-1, err)
		}
		return noteAttachment(p)
	}},
	"map": {name: "mmap", params: "fd n prot mapflag", do: func(a []int, _ []byte) answer {
		p, err := unix.Mmap(a[0], 0, a[1], a[2], a[3])
		if err != nil {
			return result(-1, err)
		}
		return noteAttachment(p)
	}},
	"mprotect": {params: "attachment prot", do: func(a []int, _ []byte) answer { return result(0, unix.Mprotect(segment(a[0]), a[1])) }},
	"munmap": {params: "attachment offset n", do: func(a []int, _ []byte) answer {
		got := raw(unix.SYS_MUNMAP, address(a[0], a[1]), uintptr(a[2]), 0, 0, 0, 0)
		if got.Errno == 0 {
			detached(a[0], nil)
		}
		return got
	}},
	"address": {name: "address of attachment", params: "attachment", do: func(a []int, _ []byte) answer { return answer{N: int(address(a[0], 0))} }},
	"memfd": {name: "memfd_create", params: "n", do: func(a []int, _ []byte) answer {
		fd, err := unix.MemfdCreate("ipcbench", 0) // peers inherit it
		if err == nil {
			err = unix.Ftruncate(fd, int64(a[0]))
		}
		return result(fd, err)
	}},
	"memfd_create": {params: "memfdflag", do: func(a []int, d []byte) answer { return result(unix.MemfdCreate(string(d), a[0])) }},
	"ftruncate":    {params: "fd n", do: func(a []int, _ []byte) answer { return result(0, unix.Ftruncate(a[0], int64(a[1]))) }},
	"punch": {name: "fallocate FALLOC_FL_PUNCH_HOLE", params: "fd n", do: func(a []int, _ []byte) answer {
		return result(0, unix.Fallocate(a[0], unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, int64(a[1])))
	}},
	"readlink": {name: "readlink of /proc/self/fd", params: "fd", show: shown, do: func(a []int, _ []byte) answer {
		p := make([]byte, 256)
		n, err := unix.Readlink(fmt.Sprintf("/proc/self/fd/%d", a[0]), p)
		return filled(n, err, string(p[:max(n, 0)]))
	}},
	"badpipe2": {name: "pipe2 with a bad pointer", params: "oflag", do: func(a []int, _ []byte) answer {
		got := raw(unix.SYS_PIPE2, 1, uintptr(a[0]), 0, 0, 0, 0)
		return answer{Errno: got.Errno}
	}},
	"writehole": {name: "write, of which a page is there, to", params: "fd n", do: func(a []int, _ []byte) answer {
		p, err := pageThenHole()
		if err != nil {
			return result(-1, err)
		}
		return raw(unix.SYS_WRITE, uintptr(a[0]), uintptr(unsafe.Pointer(&p[0])), uintptr(a[1]), 0, 0, 0)
	}},
	"readhole": {name: "read to where a page is there, from", params: "fd n", do: func(a []int, _ []byte) answer {
		p, err := pageThenHole()
		if err != nil {
			return result(-1, err)
		}
		return raw(unix.SYS_READ, uintptr(a[0]), uintptr(unsafe.Pointer(&p[0])), uintptr(a[1]), 0, 0, 0)
	}},
	"readnowhere":  {name: "read to a bad address from", params: "fd n", do: func(a []int, _ []byte) answer { return raw(unix.SYS_READ, uintptr(a[0]), 1, uintptr(a[1]), 0, 0, 0) }},
	"writenowhere": {name: "write from a bad address to", params: "fd n", do: func(a []int, _ []byte) answer { return raw(unix.SYS_WRITE, uintptr(a[0]), 1, uintptr(a[1]), 0, 0, 0) }},
	"vmread": {name: "process_vm_readv", params: "pid address n n", do: func(a []int, _ []byte) answer {
		p := make([]byte, a[2])
		local, remote := sys.Vector(p), [2]uintptr{uintptr(a[1]), uintptr(a[2])}
		got := raw(unix.SYS_PROCESS_VM_READV, uintptr(a[0]), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, uintptr(a[3]))
		if got.Errno == 0 {
			got.Data = p[:got.N]
		}
		return got
	}},
	"vmwrite": {name: "process_vm_writev", params: "pid address", do: func(a []int, d []byte) answer {
		local, remote := sys.Vector(d), [2]uintptr{uintptr(a[1]), uintptr(len(d))}
		return raw(unix.SYS_PROCESS_VM_WRITEV, uintptr(a[0]), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	}},
	"vmreadmany": {name: "process_vm_readv, vectors", params: "pid n", do: func(a []int, _ []byte) answer {
		empty := make([][2]uintptr, a[1])
		return raw(unix.SYS_PROCESS_VM_READV, uintptr(a[0]), uintptr(unsafe.Pointer(&empty[0])), uintptr(a[1]), uintptr(unsafe.Pointer(&empty[0])), uintptr(a[1]), 0)
	}},
}
