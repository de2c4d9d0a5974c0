package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ipcbench/host"
	"ipcbench/kernels"
	"ipcbench/results"
	"ipcbench/semantics"
)

// The report of statements goes into the directory of the run, and not where a
// link leads that another process has put there meanwhile.
func TestStatementsFollowNoLink(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	image := filepath.Join(dir, "static") // an ELF header and no more
	head := make([]byte, 64)
	copy(head, "\x7fELF\x02\x01\x01")
	head[16], head[18], head[20], head[52], head[54], head[58] = 2, 62, 1, 64, 56, 64
	// What a guest sends, as kernels.encode makes it.
	var sent bytes.Buffer
	for _, m := range []map[string]any{
		{"hello": map[string]any{"host": results.Host{Kernel: "Linux 6.1"}}}, {"control": 14},
		{"statements": semantics.Report{Schema: semantics.Schema, Findings: []semantics.Finding{}}}, {"control": 14}, {"end": 0},
	} {
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&sent, "%08x %s\n", crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)), text)
	}
	runs := filepath.Join(dir, "runs")
	qemu := filepath.Join(dir, "qemu")
	script := fmt.Sprintf("#!/bin/sh\nfor r in %s/*; do ln -s %s $r/%s; done\nfor a; do case $a in file:*) port=${a#file:};; esac; done\ncat %s/sent >$port\n", runs, precious, semantics.File, dir)
	for path, text := range map[string][]byte{precious: []byte("precious"), image: head, qemu: []byte(script), filepath.Join(dir, "sent"): sent.Bytes()} {
		if err := os.WriteFile(path, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c := &cobra.Command{}
	c.SetContext(t.Context())
	c.SetErr(&bytes.Buffer{})
	dirs, err := record(c, &kernels.Runner{
		QEMU: kernels.QEMU{Path: qemu}, Kernels: []kernels.Kernel{{Label: "new", Path: "vmlinuz"}}, Image: image,
		Plan: kernels.Plan{Accel: kernels.ICount, Boots: 1, Jobs: 1, Statements: true},
	}, runs, results.Header{})
	if err != nil || len(dirs) != 1 {
		t.Fatal(dirs, err)
	}
	if text, err := os.ReadFile(precious); err != nil || string(text) != "precious" {
		t.Errorf("the link was followed: %q, %v", text, err)
	}
	if info, err := os.Lstat(filepath.Join(dirs[0], semantics.File)); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
}

// A program that is linked dynamically is refused before QEMU is executed, also to
// ask for its version; a static one is not.
func TestDynamicProgramBootsNothing(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the kernel is for amd64, whose program make guests builds")
	}
	self := kernels.Self
	t.Cleanup(func() { kernels.Self = self })
	dir := t.TempDir()
	image, asked := filepath.Join(dir, "vmlinuz"), filepath.Join(dir, "asked")
	head := make([]byte, 4096)
	copy(head[0x202:], "HdrS")
	script := "#!/bin/sh\n: >" + asked + "\nexit 1\n"
	for path, text := range map[string]string{image: string(head), filepath.Join(dir, "qemu-system-x86_64"): script} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	const cell = "PingPong/mech=pipe/size=64/queue=default/place=same"
	for _, kernels.Self = range []string{self, "/bin/sh"} {
		interpreter, err := host.Dynamic(kernels.Self)
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{image}, {"bisect", "--good", image, "--bad", image, cell, "--", "true"}, {"step", "--limit", "1", cell, image}} {
			os.Remove(asked)
			root := newRoot()
			root.SetArgs(append([]string{"kernels"}, args...))
			root.SetErr(io.Discard)
			err := root.ExecuteContext(t.Context())
			refused := err != nil && strings.Contains(err.Error(), "this program is linked dynamically (it needs "+interpreter+")")
			if _, e := os.Stat(asked); err == nil || refused != (interpreter != "") || refused == (e == nil) {
				t.Errorf("%q with interpreter %q: %v; QEMU executed: %v", args, interpreter, err, e == nil)
			}
		}
	}
}

// What no guest can run, or is no kernel, is refused in a line, before QEMU is looked for
// and before a run is made.
func TestKernelsRefuses(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("PATH", dir)
	head := make([]byte, 4096)
	copy(head[0x202:], "HdrS")
	for path, text := range map[string]string{"vmlinuz": string(head), "mineofsh": "#!/bin/sh\n"} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for want, args := range map[string][]string{
		"a KERNEL is empty: give ":     {""},
		"needs an interpreter":         {"why", "vmlinuz", "PingPong/exec:./mineofsh"},
		"want a path with a slash":     {"why", "vmlinuz", "PingPong/exec:mineofsh/size=4KiB"},
		`mechanism "nope": there is`:   {"vmlinuz", "--mech", "nope"},
		"--limit \"x\": want a number": {"step", "--limit", "x", "PingPong/pipe", "vmlinuz"},
	} {
		// A process of its own: one of these registers a transport.
		text, err := commandLine(append([]string{"kernels"}, args...)...).CombinedOutput()
		if line, rest, _ := strings.Cut(string(text), "\n"); err == nil || !strings.Contains(line, want) || rest != "" {
			t.Errorf("%q: %v, %s, want %s", args, err, text, want)
		}
	}
	if _, err := os.Stat("results"); err == nil {
		t.Error("a run was made")
	}
}
