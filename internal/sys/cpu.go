package sys

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// RunOn lets the calling thread, to which its goroutine must be locked, run on
// that CPU alone, sched_setaffinity(2).
func RunOn(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &set))
}

// CPU is the number of the CPU that the calling thread is on, getcpu(2); false where
// a filter refuses it.
func CPU() (cpu int, ok bool) {
	var n uint32
	_, _, errno := unix.RawSyscall6(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&n)), 0, 0, 0, 0, 0)
	return int(n), errno == 0
}

// Pin keeps the calling goroutine on its processor of Go's scheduler until Unpin.
// Otherwise a goroutine that has run for 10 ms is asked to let others run, even
// if there are none. One that is locked to its thread is then taken off it and put
// back by way of another thread, which takes two wake-ups. A pinned goroutine must
// not wait for another, and makes no calls but those of the timed path in a
// dedicated process, which the scheduler does not notice.
func Pin() { procPin() }

// Unpin ends what Pin began.
func Unpin() { procUnpin() }

// Pause lets the processor know that its program looks at a word again and again:
// PAUSE on x86. Without it the processor looks ahead dozens of times, and has to
// throw all of that away when the word changes.
func Pause() { procyield(1) }

// Getppid returns the parent's process ID, getppid(2), by nothing but the call.
// It always succeeds.
func Getppid() int {
	return int(enter(unix.SYS_GETPPID, 0, 0, 0, 0, 0, 0))
}

// SchedYield lets another process run that waits for this CPU, sched_yield(2).
// It always succeeds.
func SchedYield() { enter(unix.SYS_SCHED_YIELD, 0, 0, 0, 0, 0, 0) }

// LetGoroutinesRun lets another goroutine run where this process is not
// dedicated. With one processor of Go's, a goroutine that did nothing but look
// and call SchedYield was not preempted in ten minutes.
func LetGoroutinesRun() {
	if !dedicated {
		runtime.Gosched()
	}
}

// LastCache is how many bytes the largest cache of the first CPU holds,
// sysfs-devices-system-cpu; 32 MiB where the kernel does not show it.
func LastCache() (size int) {
	files, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*/size")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(text)), "K"))
		if err == nil && kib < 1<<20 {
			size = max(size, kib<<10)
		}
	}
	if size == 0 {
		return 32 << 20
	}
	return size
}
