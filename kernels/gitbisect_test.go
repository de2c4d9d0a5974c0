package kernels

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ipcbench/internal/need"
)

// optioned is a QEMU that adds to the command line of an image the options that stand
// in the image's last line: kernels of one build that differ in what they do.
const optioned = `#!/bin/sh
for a; do
	[ "$last" != -kernel ] || options=$(tail -n 1 "$a" | sed -n 's/^options //p')
	last=$a
done
for a; do
	shift
	[ "$last" != -append ] || a="$a $options"
	set -- "$@" "$a"
	last=$a
done
exec %s "$@"
`

// An image of a commit, beside those with options: hung stops in its decompressor.
const (
	hung        = "hung"
	unbuildable = "unbuildable"
)

// images writes a kernel for each of the options into a directory, named by its place.
func images(t *testing.T, dir string, options ...string) {
	t.Helper()
	kernel, err := os.ReadFile(cachedKernel(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range options {
		image := append([]byte{}, kernel...)
		clear(image[0x24c:0x250]) // payload_length: QEMU gets the image itself, whose end optioned reads
		switch o {
		case unbuildable:
			continue
		case hung:
			clear(image[len(image)/2:][:200_000])
		default:
			image = fmt.Appendf(image, "\noptions %s\n", o)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i+1)), image, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// What makes a kernel of the cached one that panics before its first process.
const panics = "rdinit=/none"

// Git finds the first bad commit of a repository whose commits are kernels that boot,
// in each way in which a kernel can be bad. Of commits that can't be built, or are bad
// in another way, it tries others.
func TestGitBisect(t *testing.T) {
	if !need.Long() {
		t.Skip("some 60 boots: make test-long plays it")
	}
	qemu, err := Find(t.Context(), amd64)
	if err != nil {
		lacking(t, err.Error())
	}
	if _, err := exec.LookPath("git"); err != nil {
		need.Missing(t, "git", err.Error())
	}
	self := program(t)
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "qemu-system-x86_64"), fmt.Appendf(nil, optioned, qemu.Path), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for _, variable := range []string{"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"} {
		t.Setenv(variable, os.DevNull)
	}
	const roomy = "sysctl.net.core.rmem_default=33554432" // all messages fit: 6.1 loses some of them with its own default
	const wide = "sysctl.user.max_ipc_namespaces=0"       // of an IPC namespace of its own a check would see no option
	for name, tt := range map[string]struct {
		question             string
		good, bad, otherwise string // options; of the commit without a verdict, which Git tries first
		said                 string // of the bad kernel
	}{
		"longer":  {"PingPong/socketpair", "", "slub_debug=FZPU", panics, "takes "},
		"shorter": {"PingPong/pipe", "", "psi=0", unbuildable, "takes "},
		"fails":   {"Stream/udp", roomy, "sysctl.net.core.rmem_default=2304", panics, "fails: receiver "},
		"skips":   {"PingPong/processvm", "", "sysctl.kernel.yama.ptrace_scope=3", unbuildable, "skips: processvm: /proc/sys/kernel/yama/ptrace_scope is 3"},
		"differs": {"S10", wide, wide + " sysctl.kernel.shm_rmid_forced=1", hung, "differs: expected "},
		"hangs":   {"PingPong/pipe", "", hung, panics, "hangs: kernel "},
		"panics":  {"S10", wide, panics, hung, "no-boot: kernel "},
	} {
		t.Run(name, func(t *testing.T) {
			commits := []string{tt.good, tt.good, tt.bad, tt.otherwise, unbuildable, tt.bad, tt.bad}
			repository, built := t.TempDir(), t.TempDir()
			images(t, built, commits...)
			in := func(status int, command ...string) string {
				t.Helper()
				c := exec.Command(command[0], command[1:]...)
				c.Dir = repository
				out, _ := c.CombinedOutput()
				if c.ProcessState.ExitCode() != status {
					t.Fatalf("%q: exit status %d, want %d: %s", command, c.ProcessState.ExitCode(), status, out)
				}
				return string(out)
			}
			in(0, "git", "init", "-q")
			for i, what := range commits {
				if err := os.WriteFile(filepath.Join(repository, "number"), fmt.Append(nil, i+1), 0o644); err != nil {
					t.Fatal(err)
				}
				in(0, "git", "add", "number")
				in(0, "git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", fmt.Sprintf("%d: %s", i+1, what))
				in(0, "git", "tag", fmt.Sprint("c", i+1))
			}
			step := filepath.Join(t.TempDir(), "step")
			t.Log(in(0, "sh", "-c", `"$@" >`+step+` && cat `+step, "sh", self, "kernels", "bisect", "--image", "bzImage",
				"--good", built+"/1", "--bad", built+"/7", tt.question, "--", "sh", "-c", "cp "+built+"/$(cat number) bzImage"))
			in(0, "git", "bisect", "start", "c7", "c1")
			out := in(0, "git", "bisect", "run", "sh", step)
			t.Log(out)
			first := strings.TrimSpace(in(0, "git", "rev-parse", "c3"))
			if !strings.Contains(out, first+" is the first bad commit") {
				t.Errorf("the first bad commit is c3, %s", first)
			}
			if log := in(0, "git", "bisect", "log"); !strings.Contains(log, "git bisect skip") {
				t.Errorf("no commit was without a verdict: %s", log)
			}
			if !strings.Contains(out, "ipcbench: bad: "+tt.said) {
				t.Errorf("the bad kernel is not said to be %q", tt.said)
			}
		})
	}
}
