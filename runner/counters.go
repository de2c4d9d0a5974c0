package runner

import (
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Counters counts the instructions that the main threads of some processes execute
// in the kernel, by the processor's own counters, perf_event_open(2). They make
// every switch of these threads slower, so that nothing is timed meanwhile.
type Counters struct{ fds []int }

// OpenCounters begins to count. It fails where the processor has no counters,
// as in most virtual machines, or where /proc/sys/kernel/perf_event_paranoid
// keeps them from this user.
func OpenCounters(pids ...int) (*Counters, error) {
	return openCounters(unix.PerfEventAttr{
		Type: unix.PERF_TYPE_HARDWARE, Config: unix.PERF_COUNT_HW_INSTRUCTIONS,
		Bits: unix.PerfBitExcludeUser | unix.PerfBitExcludeHv,
	}, pids)
}

func openCounters(event unix.PerfEventAttr, pids []int) (*Counters, error) {
	event.Size = uint32(unsafe.Sizeof(event))
	c := &Counters{}
	for _, pid := range pids {
		fd, err := unix.PerfEventOpen(&event, pid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != nil {
			return nil, errors.Join(os.NewSyscallError("perf_event_open", err), c.Close())
		}
		c.fds = append(c.fds, fd)
	}
	return c, nil
}

// Read returns the count so far, of all processes together.
func (c *Counters) Read() (sum uint64, err error) {
	for _, fd := range c.fds {
		var buf [8]byte
		if _, err := unix.Read(fd, buf[:]); err != nil {
			return 0, os.NewSyscallError("read", err)
		}
		sum += binary.NativeEndian.Uint64(buf[:])
	}
	return sum, nil
}

// Close ends the counting.
func (c *Counters) Close() error {
	var errs []error
	for _, fd := range c.fds {
		errs = append(errs, os.NewSyscallError("close", unix.Close(fd)))
	}
	c.fds = nil
	return errors.Join(errs...)
}
