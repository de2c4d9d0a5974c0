package runner

import (
	"math"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// ownFiles gives the calling thread, to which its goroutine must be locked, a
// table of descriptors of its own, unshare(2). Where threads share one, the
// kernel counts a reference to the file in every call, by an atomic operation
// that a program with one thread is spared: the runtime's idle threads would
// cost a sixth of a short message. An error says that this is not permitted.
func ownFiles() error {
	// The runtime's poller must exist in both tables: any thread may wait in it.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	w.Close()
	if err = unix.Unshare(unix.CLONE_FILES); err != nil {
		// Filters that refuse the one may let the other pass: nothing is closed.
		err = unix.CloseRange(math.MaxUint32, math.MaxUint32, unix.CLOSE_RANGE_UNSHARE)
	}
	return os.NewSyscallError("unshare", err)
}

// closeEverywhere closes n descriptors from fd on, in the calling thread's
// table and in that of all other threads.
func closeEverywhere(fd, n int) {
	closed := make(chan struct{})
	go func() { // on one of the others: the caller's goroutine is locked to its thread
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		closeAll(fd, n)
		close(closed)
	}()
	<-closed
	closeAll(fd, n)
}

// closeAll closes n descriptors from fd on.
func closeAll(fd, n int) {
	for i := range n {
		unix.Close(fd + i)
	}
}
