package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ipcbench/results"
)

// A signal ends the commands of ab, and what they have started, and keeps the pairs
// that were measured.
func TestSignalEndsCommandsOfAB(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			const command = "[ -e slow ] && { trap '' TERM; sleep 1000 & echo started >waits; sleep 1000; }; echo 5 ms"
			s := start(t, "command", "ab", "-n", "10000", "--a", command, "--b", command)
			written := func() (paths []string) {
				paths, _ = filepath.Glob(filepath.Join(s.Dir, "results", "ab", "*.txt"))
				for _, path := range paths {
					if text, _ := os.ReadFile(path); strings.Count(string(text), "\n# launch: ") < 2 {
						return nil
					}
				}
				return paths
			}
			s.eventually("pairs", func() bool { return len(written()) == 2 })
			if err := os.WriteFile(filepath.Join(s.Dir, "slow"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			s.eventually("a command that waits", func() bool { _, err := os.Stat(filepath.Join(s.Dir, "waits")); return err == nil })
			family := s.family()[1:]
			if len(family) < 2 {
				t.Fatalf("it has started %+v", family)
			}
			s.Process.Signal(sig)
			if status := s.status(); status != 128+int(sig) {
				t.Errorf("exit status %d, want %d\n%s", status, 128+int(sig), s.stderr.String())
			}
			s.orderly()
			// On a busy machine the program may end before its command has.
			if text := s.stderr.String(); !strings.Contains(text, "ipcbench: interrupted; what was measured is in results/ab/") && !strings.Contains(text, "ended by") {
				t.Errorf("it wrote %s", s.stderr.String())
			}
			for _, path := range written() {
				if set, err := results.Scan(path, func(*results.Record) {}); err != nil || len(set.Odd()) > 0 {
					t.Errorf("%s: %v, %v", path, err, set.Odd())
				}
			}
			for _, r := range family {
				for deadline := time.Now().Add(unhurried); ; time.Sleep(time.Millisecond) {
					stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.pid))
					if err != nil || strings.Contains(string(stat), ") Z ") {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("%s goes on", r.command)
					}
				}
			}
		})
	}
}

// A command ends in ipcbench if its last word is a program of that name, or was built
// from it.
func TestIsIpcbench(t *testing.T) {
	dir := t.TempDir()
	built := filepath.Join(dir, "old-build")
	if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", built, "../cmd/ipcbench").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	script, text := filepath.Join(dir, "ipcbench-old"), filepath.Join(dir, "ipcbench.txt")
	for path, mode := range map[string]os.FileMode{script: 0o700, text: 0o600} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for command, want := range map[string]bool{
		"ipcbench": true, "setarch -R ipcbench": true, "env X=1 '" + script + "'": true, built: true, "nice -n 5 " + built: true,
		"": false, "true": false, "./missing": false, "cat " + text: false, "ipcbench run": false, built + " list": false, "echo 5 ms": false,
	} {
		if got := isIpcbench(command); got != want {
			t.Errorf("%q: %v", command, got)
		}
	}
}
