package kernels

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/host"
)

// pinCPUs gives each virtual CPU of a QEMU process a CPU of the host's, as soon
// as its thread is there. Where there are fewer, they share: the guest's record
// has their number.
func pinCPUs(ctx context.Context, pid int) {
	cpus, err := host.AllowedCPUs()
	if err != nil {
		return
	}
	for n := 0; n < KVM.cpus(); {
		tid := thread(pid, fmt.Sprintf("CPU %d/KVM\n", n))
		if tid > 0 {
			var set unix.CPUSet
			set.Set(cpus[n%len(cpus)])
			unix.SchedSetaffinity(tid, &set)
			n++
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// thread finds the thread of that name, 0 where there is none yet.
func thread(pid int, name string) int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/comm", pid))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && string(text) == name {
			tid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return tid
		}
	}
	return 0
}
