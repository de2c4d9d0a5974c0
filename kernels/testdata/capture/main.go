// Capture prints the files that match patterns as a txtar archive, such as
// '/sys/devices/system/cpu/cpu*/topology/core_id'. An argument such as
// /sys/devices/system/cpu/cpu3/online=0 writes to a file first, and one such as
// cpus=0-3 confines the process, before /proc/self/status is read.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ipcbench/host"
)

func main() {
	for _, arg := range os.Args[1:] {
		if err := do(arg); err != nil {
			fmt.Fprintln(os.Stderr, "capture:", err)
			os.Exit(1)
		}
	}
	fmt.Println("-- end --")
}

func do(arg string) error {
	name, value, writes := strings.Cut(arg, "=")
	if name == "cpus" {
		cpus, err := host.ParseCPUList(value)
		if err != nil {
			return err
		}
		return host.Confine(cpus)
	}
	if writes {
		return os.WriteFile(name, []byte(value), 0)
	}
	files, err := filepath.Glob(arg)
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // as a directory, or a CPU that is offline
		}
		if file == "/proc/self/status" {
			text = only(text, "Cpus_allowed_list")
		}
		fmt.Printf("-- %s --\n%s", file[1:], text)
	}
	return nil
}

// only is the line of a file with that key: the others differ from boot to boot.
func only(text []byte, key string) []byte {
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, key+":") {
			return []byte(line)
		}
	}
	return nil
}
