package sys

import (
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mostLooked is how many pages of memory NodesOf looks at: 16 MiB has 4096.
const mostLooked = 128

// NodesOf are the NUMA nodes on which pages of mapped memory lie, in order, by
// move_pages(2): at most 128 pages are looked at, evenly spaced. Pages that no
// process has touched are on none.
func NodesOf(memory []byte) (nodes []int, err error) {
	page := os.Getpagesize()
	step := max(1, (len(memory)/page+mostLooked-1)/mostLooked) * page
	var pages []uintptr
	for at := 0; at < len(memory); at += step {
		pages = append(pages, uintptr(unsafe.Pointer(&memory[at])))
	}
	if pages == nil {
		return nil, nil
	}
	status := make([]int32, len(pages))
	_, _, errno := syscall.Syscall6(unix.SYS_MOVE_PAGES, 0, uintptr(len(pages)), uintptr(unsafe.Pointer(&pages[0])), 0, uintptr(unsafe.Pointer(&status[0])), 0)
	if errno != 0 {
		return nil, os.NewSyscallError("move_pages", errno)
	}
	for _, s := range status {
		if s >= 0 && !slices.Contains(nodes, int(s)) { // below: why a page is on none
			nodes = append(nodes, int(s))
		}
	}
	slices.Sort(nodes)
	return nodes, nil
}

// Modes of set_mempolicy(2), linux/mempolicy.h.
const (
	mpolDefault = 0
	mpolBind    = 2
)

// maxNodes is more than CONFIG_NODES_SHIFT admits, 10 at most.
const maxNodes = 1024

// TakeMemoryFrom has the calling thread, and each that it starts, take new memory
// from one NUMA node alone, set_mempolicy(2); -1: from where the kernel takes it.
func TakeMemoryFrom(node int) error {
	if node < 0 {
		return setMempolicy(mpolDefault, nil, 0)
	}
	var mask [maxNodes / 8 / unsafe.Sizeof(uintptr(0))]uintptr
	bits := int(8 * unsafe.Sizeof(mask[0]))
	if node >= maxNodes {
		return os.NewSyscallError("set_mempolicy", unix.EINVAL)
	}
	mask[node/bits] = 1 << (node % bits)
	return setMempolicy(mpolBind, unsafe.Pointer(&mask), maxNodes+1) // the kernel takes one off
}

func setMempolicy(mode uintptr, mask unsafe.Pointer, bits uintptr) error {
	if _, _, errno := syscall.Syscall6(unix.SYS_SET_MEMPOLICY, mode, uintptr(mask), bits, 0, 0, 0); errno != 0 {
		return os.NewSyscallError("set_mempolicy", errno)
	}
	return nil
}
