package sys

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Unblock executes this program anew where its parent has handed on blocked
// signals: Go's threads keep them blocked, and would wait without end for one of
// them to interrupt a call.
func Unblock() {
	// Not locked to a thread: that starts another, where there may be room for none.
	// If the goroutine moved in between, the new program would do the same once more.
	var none, before unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &none, &before); err == nil && before != none {
		syscall.Exec("/proc/self/exe", os.Args, os.Environ()) // or it goes on as it is
	}
}
