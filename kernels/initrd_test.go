package kernels

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The archive is what cpio(1) reads, where it is there, and byte for byte what
// the format says in any case.
func TestCPIO(t *testing.T) {
	var b bytes.Buffer
	if err := writeCPIO(&b, []entry{{name: "dev", mode: directory | 0o755}, {name: "init", mode: regular | 0o755, size: 5, data: strings.NewReader("hello")}}); err != nil {
		t.Fatal(err)
	}
	const want = "07070100000001000041ED000000000000000000000001000000000000000000000000000000000000000000000000000000040000" + "0000dev\x00\x00\x00" +
		"07070100000002000081ED000000000000000000000001000000000000000500000000000000000000000000000000000000050000" + "0000init\x00\x00hello\x00\x00\x00"
	if got := b.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got  %q\nwant %q", got[:min(len(got), len(want))], want)
	}
	if !strings.Contains(b.String(), "TRAILER!!!\x00") || b.Len()%4 != 0 {
		t.Errorf("no trailer, or %d bytes", b.Len())
	}
	if path, err := exec.LookPath("cpio"); err == nil {
		c := exec.Command(path, "-t")
		c.Stdin = &b
		if out, err := c.Output(); err != nil || string(out) != "dev\ninit\n" {
			t.Errorf("cpio -t: %q, %v", out, err)
		}
	}
}

func TestCPIOShortFile(t *testing.T) {
	err := writeCPIO(&bytes.Buffer{}, []entry{{name: "init", mode: regular, size: 5, data: strings.NewReader("hel")}})
	if err == nil || !strings.Contains(err.Error(), "init: 3 of 5 bytes") {
		t.Errorf("%v", err)
	}
}

// A guest's program has all that runs, and no more: it does the same, and is read as the
// same kind of file. What is no ELF file stays as it is.
func TestLoaded(t *testing.T) {
	whole := program(t)
	f, err := os.Open(whole)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, data, err := loaded(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(data)
	path := filepath.Join(t.TempDir(), "init")
	if err := errors.Join(err, os.WriteFile(path, text, 0o755)); err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || int64(len(text)) != size || size >= info.Size() {
		t.Errorf("%d of %d bytes, want %d: %v", len(text), info.Size(), size, err)
	}
	want, err := exec.Command(whole, "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := exec.Command(path, "list").Output(); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v: %.200s", err, got)
	}
	if err := Static(path); err != nil {
		t.Error(err)
	}
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err = os.Open(script)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if size, data, err = loaded(f); err != nil || size != 10 {
		t.Errorf("a script: %d bytes, %v", size, err)
	}
	if text, err := io.ReadAll(data); string(text) != "#!/bin/sh\n" {
		t.Errorf("a script: %q, %v", text, err)
	}
}

// What is linked dynamically would panic in the guest: it is refused here.
func TestStatic(t *testing.T) {
	if err := Static("/bin/sh"); err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("/bin/sh: %v", err)
	}
}

func image(t *testing.T, name, magic string) string {
	t.Helper()
	head := make([]byte, 4096)
	copy(head[0x202:], magic)
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, head, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParseKernel(t *testing.T) {
	path := image(t, "vmlinuz-6.1.0-9-cloud-amd64", "HdrS")
	a, err := ParseKernel(path)
	if err != nil || a.Label != "6.1.0-9-cloud-amd64" || len(a.Image) != 64 {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := ParseKernel(path + "=old"); err != nil || a.Label != "old" || a.Path != path {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := ParseLabeled("nopsi:" + path + ":psi=0 x=a:b"); err != nil || a.Label != "nopsi" || a.Append != "psi=0 x=a:b" {
		t.Errorf("%+v, %v", a, err)
	}
	short, fifo := image(t, "short", "HdrS"), filepath.Join(t.TempDir(), "fifo")
	f, err := os.OpenFile(short, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0, 1}, 0x1f4); err != nil { // 256 paragraphs
		t.Fatal(err)
	}
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	narrow := image(t, "bzImage-686", "HdrS\x0f\x02") // version 2.15, without XLF_KERNEL_64
	for arg, want := range map[string]string{
		narrow:                            "is a 32-bit kernel",
		short:                             "has 4096 bytes, its header states 6656",
		fifo:                              "is no regular file",
		path + "=a b":                     "want at most 32 of",
		filepath.Dir(path) + "/none=x":    "no such file",
		image(t, "text", "none") + "=old": "is no kernel for amd64, arm64 or riscv64",
	} {
		if _, err := ParseKernel(arg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
	}
	// Where the sums of files lie beside a kernel, it has its own.
	sums := filepath.Join(filepath.Dir(path), sumsFile)
	for sum, want := range map[string]string{strings.Repeat("0", 64): "is damaged or another", a.Image: ""} {
		if err := os.WriteFile(sums, []byte("00  other\n"+sum+"  "+filepath.Base(path)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ParseKernel(path); (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("sum %s: %v, want %q", sum, err, want)
		}
	}
	if _, err := ParseLabeled("vmlinuz"); err == nil || !strings.Contains(err.Error(), "LABEL:KERNEL") {
		t.Errorf("%v", err)
	}
	if err := CheckKernels([]Kernel{{Label: "a"}, {Label: "a"}}); err == nil {
		t.Error("two kernels of one name pass")
	}
	for _, options := range []string{"a -- b", "a\nb"} {
		if err := CheckKernels([]Kernel{{Label: "a", Append: options}}); err == nil {
			t.Errorf("options %q pass", options)
		}
	}
}
