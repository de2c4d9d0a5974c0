package kernels

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/host"
	"ipcbench/internal/need"
)

func fakeBoot(t *testing.T, script string, limit time.Duration) boot {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	t.Cleanup(func() { nothingIn(t, os.TempDir()) })
	return boot{qemu: fake(t, script), limit: limit, args: QEMU{}.arguments(ICount, boots{file: "vmlinuz"}, amd64.options(), 1)}
}

func TestBoot(t *testing.T) {
	b := fakeBoot(t, `echo booted >"$console"; echo said >"$port"`, time.Minute)
	console, port, err := b.run(t.Context())
	if err != nil || string(console) != "booted\n" || string(port) != "said\n" {
		t.Errorf("%q, %q, %v", console, port, err)
	}
}

// nothingIn fails a test that leaves something in a directory.
func nothingIn(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A boot makes no file with a name: where all its processes are killed, nothing is
// left, and a full or read-only disk is none of its concerns.
func TestBootNeedsNoDirectory(t *testing.T) {
	script := fake(t, `ls -A "$TMPDIR" >"$console"; ls -lL /proc/self/fd/5 >"$port"`)
	t.Setenv("TMPDIR", t.TempDir())
	r := Runner{QEMU: QEMU{Path: script}, Plan: Plan{Accel: ICount, Boots: 1, Jobs: 1}, Kernels: []Kernel{{Label: "new", Path: "vmlinuz"}}, Image: staticProgram(t)}
	var failed *BootError
	if err := r.Execute(t.Context()); !errors.As(err, &failed) || len(failed.Console) != 0 || !strings.Contains(failed.Error(), "garbled") {
		t.Errorf("QEMU found files, or no root file system: %v", err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	if err := r.Execute(t.Context()); !errors.As(err, &failed) || !strings.Contains(failed.Error(), "garbled") {
		t.Errorf("without a directory for temporary files: %v", err)
	}
}

// A guest that writes without end is ended by a full file, well before its
// time is up.
func TestEndlessGuest(t *testing.T) {
	need.Time(t)
	for _, to := range []string{"console", "port"} {
		b := fakeBoot(t, `exec cat /dev/zero >"$`+to+`"`, time.Minute)
		_, _, err := b.run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "more than 8MiB") {
			t.Errorf("%s: %v", to, err)
		}
		// Nor does one go on that the signal of a full file does not end.
		b = fakeBoot(t, `trap '' XFSZ; while :; do head -c 9000000 /dev/zero; done >"$`+to+`" 2>/dev/null`, time.Hour)
		b.silent = 20 * time.Second
		if _, _, err := b.run(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 8MiB") {
			t.Errorf("%s, without the signal: %v", to, err)
		}
	}
}

func TestHungGuest(t *testing.T) {
	for _, silent := range []time.Duration{0, time.Hour} { // by the clock, and by the time that QEMU had
		b := fakeBoot(t, `echo panic >"$console"; exec sleep 1000`, 300*time.Millisecond)
		b.silent = silent
		console, _, err := b.run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "did not end within 300ms") || string(console) != "panic\n" {
			t.Errorf("%q, %v", console, err)
		}
	}
}

// The limit leaves out time in which the machine waits for a CPU: one that shares a CPU
// with three others has four times as long.
func TestLimitOfBusyHost(t *testing.T) {
	need.Time(t)
	cpus, err := host.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for range 4 {
		c := exec.Command("sh", "-c", "while :; do :; done")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer c.Wait()
		defer c.Process.Kill()
		var one unix.CPUSet
		one.Set(cpus[0])
		if err := unix.SchedSetaffinity(c.Process.Pid, &one); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, c.Process.Pid)
	}
	var ports [2]*os.File
	for i := range ports {
		if ports[i], err = unnamed("port"); err != nil {
			t.Fatal(err)
		}
		defer ports[i].Close()
	}
	const limit = time.Second
	begin := time.Now()
	err = boot{limit: limit}.listen(t.Context(), pids[0], ports)
	if took := time.Since(begin); !errors.Is(err, errHung) || took < 2*limit {
		t.Errorf("after %v: %v", took, err)
	}
}

// A wait that is not over is in no count of the kernel's. It is none of the machine's.
func TestWaited(t *testing.T) {
	second := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	before := map[string]turn{"cpu": {ran: second(5), waited: second(1)}, "io": {ran: second(1)}}
	for name, tt := range map[string]struct {
		now  map[string]turn
		want time.Duration
	}{
		"one waited":    {map[string]turn{"cpu": {ran: second(5.1), waited: second(1.9), ready: true}, "io": {ran: second(1), waited: second(0.2)}}, second(0.9)},
		"it sleeps":     {map[string]turn{"cpu": {ran: second(5), waited: second(1)}, "io": {ran: second(1)}}, 0},
		"it runs":       {map[string]turn{"cpu": {ran: second(6), waited: second(1), ready: true}, "io": {ran: second(1)}}, 0},
		"it waits on":   {map[string]turn{"cpu": {ran: second(5), waited: second(1), ready: true}, "io": {ran: second(1)}}, math.MaxInt64},
		"another began": {map[string]turn{"cpu": {ran: second(5), waited: second(1)}, "io": {ran: second(1)}, "new": {ran: second(0.1), waited: second(0.3)}}, second(0.3)},
	} {
		if got := waited(before, tt.now); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestInterruptedGuest(t *testing.T) {
	began := filepath.Join(t.TempDir(), "began")
	b := fakeBoot(t, `: >`+began+`; exec sleep 1000`, time.Minute)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(began); err == nil {
				stop()
				return
			}
			time.Sleep(time.Millisecond) // polls for what the fake does first
		}
	}()
	if _, _, err := b.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// What is called QEMU may be a script: what it has started ends with it.
func TestScriptInPlaceOfQEMU(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	script := "sleep 1000 >" + fifo + "; exit 1"
	b := fakeBoot(t, script, time.Second)
	if err := os.WriteFile(filepath.Join(dir, "qemu-system-x86_64"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for name, start := range map[string]func() error{
		"boot": func() error { _, _, err := b.run(t.Context()); return err },
		"version": func() error {
			asked, stop := context.WithTimeout(t.Context(), time.Second)
			defer stop()
			_, err := Find(asked, amd64)
			return err
		},
	} {
		// The end of file comes when the last process has gone that writes.
		gone := make(chan error, 1)
		go func() { _, err := os.ReadFile(fifo); gone <- err }()
		if err := start(); err == nil {
			t.Errorf("%s: no error", name)
		}
		select {
		case err := <-gone:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: a process is left", name)
		}
	}
}

func TestRefusingQEMU(t *testing.T) {
	b := fakeBoot(t, `echo 'qemu: no such machine' >&2; exit 1`, time.Minute)
	_, _, err := b.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no such machine") {
		t.Errorf("%v", err)
	}
	if text := (&BootError{Label: "new", Seed: 1, Err: err}).Error(); strings.Contains(text, "console") {
		t.Errorf("a kernel is blamed: %s", text)
	}
}

func TestTail(t *testing.T) {
	got := tail([]byte(strings.Repeat("old\r\n", 100) + "\x1b[31mlast\r\n\r\n" + strings.Repeat("x", 1000)))
	if len(got) != lastLines || got[lastLines-2] != `\x1b[31mlast` || len(got[lastLines-1]) > 4*lastColumns || got[0] != "old" {
		t.Errorf("%q", got)
	}
}

// What a kernel reports of its own fault is shown from its first line on.
func TestFault(t *testing.T) {
	console := "SeaBIOS\r\n[    0.1] quiet\r\n[    1.5] BUG: kernel NULL pointer dereference, address: 8\r\n" + strings.Repeat("[    1.6] more\r\n", 100) + "[    2.0] Kernel panic - not syncing: Fatal exception\r\n"
	got := faultIn([]byte(console))
	if len(got) != panicLines+1 || got[0] != "[    1.5] BUG: kernel NULL pointer dereference, address: 8" || got[panicLines] != "… and 78 more lines" {
		t.Errorf("%q", got)
	}
	if got := faultIn([]byte("[    0.1] all is well\n")); got != nil {
		t.Errorf("%q", got)
	}
	// Of a first process that dies it is what its runtime printed.
	if got := faultIn([]byte("[    0.1] quiet\nfatal error: out of memory\n\ngoroutine 1:\n[    1.5] Kernel panic - not syncing: Attempted to kill init!\n")); len(got) != 3 || got[0] != "fatal error: out of memory" {
		t.Errorf("%q", got)
	}
}

// A guest that says nothing is ended long before its time is up; one that says
// something now and then is not.
func TestSilentGuest(t *testing.T) {
	need.Time(t)
	b := fakeBoot(t, `echo up >"$console"; exec sleep 1000`, time.Hour)
	b.silent = 200 * time.Millisecond
	if console, _, err := b.run(t.Context()); err == nil || !strings.Contains(err.Error(), "it printed nothing for 200ms") || string(console) != "up\n" {
		t.Errorf("%q, %v", console, err)
	}
	b = fakeBoot(t, `for i in 1 2 3 4 5 6; do echo $i >>"$port"; sleep 1; done`, time.Hour)
	b.silent = 5 * time.Second
	if _, port, err := b.run(t.Context()); err != nil || len(port) == 0 {
		t.Errorf("%q, %v", port, err)
	}
	b = fakeBoot(t, `echo up >"$port"; sleep 2`, time.Hour)
	b.silent, b.spoke = 500*time.Millisecond, true
	if _, port, err := b.run(t.Context()); err != nil || string(port) != "up\n" {
		t.Errorf("after its first word: %q, %v", port, err)
	}
}

// A runner reports what the console said last, and stops at the first guest that
// does not come up.
func TestGuestThatPanics(t *testing.T) {
	r := Runner{QEMU: QEMU{Path: fake(t, `echo 'Kernel panic - not syncing: no init' >"$console"`)}, Plan: Plan{Accel: ICount, Boots: 3, Jobs: 1},
		Kernels: []Kernel{{Label: "new", Path: "vmlinuz"}}, Image: staticProgram(t)}
	started := 0
	r.Started = func(int, int) { started++ }
	err := r.Execute(t.Context())
	var failed *BootError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "kernel new, boot 1: the guest stopped before its end: it sent nothing") || !strings.Contains(err.Error(), "no init") {
		t.Errorf("%v", err)
	}
	if started != 1 {
		t.Errorf("%d boots", started)
	}
}

// staticProgram is one that may become a guest, for runners that start none:
// an ELF header and no more.
func staticProgram(t *testing.T) string {
	t.Helper()
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20], head[52], head[54], head[58] = 2, 62, 1, 64, 56, 64
	path := filepath.Join(t.TempDir(), "static")
	if err := os.WriteFile(path, head, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// An image that is another after a boot makes the run's records those of two kernels.
func TestImageThatChanges(t *testing.T) {
	path := image(t, "bzImage", "HdrS")
	kernel, err := ParseKernel(path + "=new")
	if err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{"echo >>" + path: "its SHA-256 is another", "rm " + path: "no such file"} {
		r := Runner{QEMU: QEMU{Path: fake(t, script)}, Plan: Plan{Accel: ICount, Boots: 1, Jobs: 1}, Kernels: []Kernel{kernel}, Image: staticProgram(t)}
		if err := r.Execute(t.Context()); err == nil || !strings.Contains(err.Error(), "changed during its boots") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
}
