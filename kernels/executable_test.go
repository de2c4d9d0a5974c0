package kernels

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/kernels/profile"
)

// Where a program lies, and where the kernel's code for it, stands at the beginning of its
// stack, on whichever page the rest of its arguments leaves that.
func TestLocate(t *testing.T) {
	x := &executable{pie: true, entry: 0x1640}
	stack := func(far int, aux ...uint64) func(at, n uint64) ([]byte, error) {
		var b bytes.Buffer
		binary.Write(&b, binary.LittleEndian, append([]uint64{1, 0x7fffffffe100, 0, 0x7fffffffe200, 0}, aux...))
		b.Write(make([]byte, far))
		all := append(make([]byte, max(0, 2*page-b.Len())), b.Bytes()...)
		return func(at, n uint64) ([]byte, error) {
			end := len(all) - int(stackTop-at-n)
			if end < page {
				return nil, errors.New("no memory")
			}
			return all[end-page : end], nil
		}
	}
	aux := []uint64{33, 0x7ffff7ffd000, 16, 0x178bfbff, 6, 4096, 17, 100, 3, 0x7ffff7f00040, 4, 56, 5, 9, 7, 0, 8, 0, 9, 0x7ffff7f01640, 11, 0, 0, 0}
	for _, far := range []int{16, 1000, 4000, 5000} {
		if by, vdso, err := x.locate(stack(far, aux...)); err != nil || by != 0x7ffff7f00000 || !vdso.has(0x7ffff7ffd800) || vdso.has(0x7ffff7ffc000) {
			t.Errorf("%d bytes behind it: %#x, %#x, %v", far, by, vdso, err)
		}
	}
	if by, _, err := x.locate(stack(16, 1, 2, 3)); err == nil {
		t.Errorf("a stack without it: %#x", by)
	}
}

// The functions of a C program have the names that people know, and stand where it lies.
func TestExecutableInC(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		need.Missing(t, "gcc", "gcc is missing: on Debian, apt-get install gcc libc6-dev")
	}
	for _, how := range []string{"-static", "-static-pie"} {
		path := filepath.Join(t.TempDir(), "pipe")
		if out, err := exec.Command("gcc", "-O2", how, "-I../kit/c", "-o", path, "../examples/c-pipe/pipe.c").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		x, err := openExecutable(path)
		if err != nil {
			t.Fatal(err)
		}
		by := uint64(0)
		if x.pie {
			by = 0x7ffff7f00000
		}
		kernel := &code{kernel: symbols{{Function: profile.Function{Name: "pipe_write"}, start: 1<<63 + 16, end: 1<<63 + 32}}}
		c := x.code(kernel, by, span{0x7ffff7ffd000, 0x7ffff7ffe000})
		for _, name := range []string{"main", "write", "read"} {
			f := x.functions.named(name)
			if f == nil {
				t.Errorf("%s: no function is called %s", how, name)
				continue
			}
			if in := c.at(f.start + by); in.in.Name != name || !in.in.User || in.flow == unknown {
				t.Errorf("%s: %s begins with %+v of %s", how, name, in, in.in.Name)
			}
		}
		if in := c.at(0x7ffff7ffd100); in.in.Name != vdsoName || c.at(1<<63+20).in.Name != "pipe_write" {
			t.Errorf("%s: %s and %s", how, in.in.Name, c.at(1<<63+20).in.Name)
		}
	}
}
