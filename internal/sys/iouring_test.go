package sys

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// ring returns a ring, or skips the test where the kernel refuses one.
func ring(t *testing.T) *Ring {
	t.Helper()
	r, err := OpenRing()
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, ErrRingTooOld) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestRingCarries goes round both queues many times over.
func TestRingCarries(t *testing.T) {
	in, out := pipe(t)
	to, from := ring(t), ring(t)
	p, q := make([]byte, 100), make([]byte, 200)
	for i := range 1000 {
		for j := range p {
			p[j] = byte(i + j)
		}
		n, err := to.Write(out, p)
		if n != len(p) || err != nil {
			t.Fatalf("message %d: Write = %d, %v", i, n, err)
		}
		if n, err = from.Read(in, q); n != len(p) || err != nil || !bytes.Equal(q[:n], p) {
			t.Fatalf("message %d: Read = %d, %v", i, n, err)
		}
	}
}

// TestRingWritesInParts holds a write that does not fit to giving the part that
// did.
func TestRingWritesInParts(t *testing.T) {
	in, out := pipe(t)
	to := ring(t)
	large := make([]byte, 1<<20)
	got := make(chan int)
	go func() {
		n, _ := io.ReadFull(os.NewFile(uintptr(dup(t, in)), "pipe"), make([]byte, len(large)))
		got <- n
	}()
	for rest := large; len(rest) > 0; {
		n, err := to.Write(out, rest)
		if err != nil || n == 0 {
			t.Fatalf("Write of %d B = %d, %v", len(rest), n, err)
		}
		rest = rest[n:]
	}
	if n := <-got; n != len(large) {
		t.Errorf("%d of %d bytes came", n, len(large))
	}
}

func dup(t *testing.T, fd int) int {
	t.Helper()
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRingFails shows the errors of the requests as those of the calls.
func TestRingFails(t *testing.T) {
	r := ring(t)
	var call *os.SyscallError
	if _, err := r.Read(-1, make([]byte, 1)); !errors.Is(err, unix.EBADF) || !errors.As(err, &call) || call.Syscall != "read" {
		t.Errorf("Read = %v", err)
	}
	in, out := pipe(t)
	unix.Close(in)
	if _, err := r.Write(out, make([]byte, 1)); !errors.Is(err, unix.EPIPE) {
		t.Errorf("Write without a reader = %v", err)
	}
	// What another request has left in the queues is an error.
	*r.lost = 1
	if _, err := r.Read(in, make([]byte, 1)); !errors.Is(err, errForeign) {
		t.Errorf("with a lost completion: %v", err)
	}
}

func TestRingAllocatesNothing(t *testing.T) {
	in, out := pipe(t)
	r := ring(t)
	p := make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		r.Write(out, p)
		r.Read(in, p)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
