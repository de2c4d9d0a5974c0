package runner

import (
	"bytes"
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
	if state := stateIn(dir + "stat"); state != "" {
		e.State = state
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

// stateIn is the state in a proc_pid_stat(5) file, R, S, D, T …, or "".
func stateIn(path string) string {
	stat, err := os.ReadFile(path)
	// "PID (comm) S …": comm may hold spaces and parentheses.
	i := bytes.LastIndexByte(stat, ')')
	if err != nil || i < 0 || i+2 >= len(stat) {
		return ""
	}
	return string(stat[i+2])
}
