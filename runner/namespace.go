package runner

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// privateMount gives this process a tmpfs of its own for names. Mounted on
// /dev/shm it makes POSIX shared memory private as well.
func privateMount() (string, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", fmt.Errorf("make mounts private: %w", os.NewSyscallError("mount", err))
	}
	var err error
	for _, dir := range []string{"/dev/shm", "/tmp"} {
		if err = unix.Mount("ipcbench", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0700"); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("mount a private tmpfs: %w", os.NewSyscallError("mount", err))
}

// carriedOver are the limits that a new IPC namespace resets to defaults.
var carriedOver = []string{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmmax", "kernel.shmall", "kernel.shmmni", "fs.mqueue.msg_max", "fs.mqueue.msgsize_max", "fs.mqueue.queues_max"}

// sysctlPath is where the limit of that name is, proc_sys(5).
func sysctlPath(name string) string {
	return "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
}

// readSysctls reads the host's limits, for carryOver.
func readSysctls(names []string) map[string]string {
	values := map[string]string{}
	for _, name := range names {
		if b, err := os.ReadFile(sysctlPath(name)); err == nil {
			values[name] = strings.Join(strings.Fields(string(b)), " ")
		}
	}
	return values
}

// carryOver sets the namespace's limits to the host's and returns those that
// differ all the same. It writes only what is private to the namespace.
func carryOver(host map[string]string) (differ []string) {
	for _, name := range carriedOver {
		want, ok := host[name]
		if !ok {
			continue
		}
		here := readSysctls([]string{name})[name]
		if here == want {
			continue
		}
		if err := os.WriteFile(sysctlPath(name), []byte(want), 0); err != nil {
			differ = append(differ, fmt.Sprintf("%s is %s in the private namespace, %s on the host", name, here, want))
		}
	}
	return differ
}
