package runner

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"ipcbench/internal/sys"
)

// inspect reads from /proc where a process that missed its deadline sits. A
// worker measures on its main thread, which is what /proc/PID shows.
func inspect(pid int, after time.Duration) *HungError {
	e := &HungError{Call: "an unknown call", State: "?", After: after.String()}
	dir := fmt.Sprintf("/proc/%d/", pid)
	if stat, err := os.ReadFile(dir + "stat"); err == nil {
		// "PID (comm) S …": comm may hold spaces and parentheses.
		if i := strings.LastIndexByte(string(stat), ')'); i > 0 && i+2 < len(stat) {
			e.State = string(stat[i+2])
		}
	}
	if wchan, err := os.ReadFile(dir + "wchan"); err == nil && string(wchan) != "0" {
		e.Wchan = string(wchan)
	}
	if call, err := os.ReadFile(dir + "syscall"); err == nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(call)), " ")
		if first == "running" {
			e.Call = "no call: it was running"
		} else if nr, err := strconv.Atoi(first); err == nil {
			e.Call = sys.SyscallName(nr)
		}
	}
	return e
}
