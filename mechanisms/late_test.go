package mechanisms

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// What is refused for want of what comes back is asked for again, and the wait is
// kept account of.
func TestObtainWaits(t *testing.T) {
	r := scarce{refusal: unix.ENOMEM, want: func() string { return "needs 3 of 2" }}
	refused := os.NewSyscallError("io_uring_setup", unix.ENOMEM)
	before, left := Waited(), 3
	err := r.obtain("some", func() error {
		if left--; left > 0 {
			return refused
		}
		return nil
	})
	if err != nil || left != 0 {
		t.Errorf("%v, %d attempts left", err, left)
	}
	if Waited() == before || WaitedFor() != "needs 3 of 2" {
		t.Errorf("waited %v for %q", Waited()-before, WaitedFor())
	}
}

// What does not come back is a limit of this machine, with the need and the
// limit's value. Any other refusal, and one that this limit does not explain, is
// what it was, at once.
func TestObtainGivesUp(t *testing.T) {
	refused := os.NewSyscallError("io_uring_setup", unix.ENOMEM)
	r := scarce{refusal: unix.ENOMEM, want: func() string { return "needs 3 of 2" }}
	err := r.obtain("some", func() error { return refused })
	if !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.ENOMEM) || !strings.HasPrefix(err.Error(), "some: needs 3 of 2: ") {
		t.Errorf("it lasts: %v", err)
	}
	for what, r := range map[string]scarce{
		"another errno": {refusal: unix.EAGAIN, want: r.want},
		"no limit":      {refusal: unix.ENOMEM, want: func() string { return "" }},
	} {
		asked := 0
		err := r.obtain("some", func() error { asked++; return refused })
		if err != refused || asked != 1 {
			t.Errorf("%s: %v after %d attempts", what, err, asked)
		}
	}
}

// TestRingsComeBack opens and closes more ends than RLIMIT_MEMLOCK admits at a
// time, as a process without CAP_IPC_LOCK, and finds out that no more can be
// open at once.
func TestRingsComeBack(t *testing.T) {
	m := Lookup("iouring")
	if err := m.Needs(); err != nil {
		t.Skip(err)
	}
	const rings = 4
	withLockable(t, rings*lockedByRing.need)
	l := newLink(t, m, spec(t, m, 64))
	for range 5 * rings {
		in, err := m.OpenReceiver(l.Receiver)
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip(err) // this user's other processes hold all of it
		}
		must(t, err)
		must(t, in.Close())
	}
	for range rings + 1 {
		in, err := m.OpenReceiver(l.Receiver)
		if err == nil {
			t.Cleanup(func() { in.Close() })
			continue
		}
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "RLIMIT_MEMLOCK admits") {
			t.Error(err)
		}
		return
	}
	t.Skip("this kernel does not count a ring's memory: Linux 5.12 to 6.13 do not")
}

// withLockable lets this process lock that many bytes, and takes CAP_IPC_LOCK
// from the calling thread, to which the test is locked until its end.
func withLockable(t *testing.T, n int) {
	t.Helper()
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_MEMLOCK, &before))
	if before.Max < uint64(n) {
		t.Skipf("RLIMIT_MEMLOCK admits %d bytes at most, want %d", before.Max, n)
	}
	must(t, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: uint64(n), Max: before.Max}))
	t.Cleanup(func() { must(t, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &before)) })
	withoutIPCLock(t)
}

// withoutIPCLock takes CAP_IPC_LOCK from the calling thread, which ends with the
// test.
func withoutIPCLock(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var c [2]unix.CapUserData
	must(t, unix.Capget(&h, &c[0]))
	c[0].Effective &^= 1 << unix.CAP_IPC_LOCK
	must(t, unix.Capset(&h, &c[0]))
	if mayLock() {
		t.Fatal("CAP_IPC_LOCK was taken away, and is there")
	}
}

// TestVacateLeavesZeroes gives back memory that another goroutine could be in.
func TestVacateLeavesZeroes(t *testing.T) {
	fd, err := sys.MemfdCreate("ipcbench-test", 8192)
	must(t, err)
	defer unix.Close(fd)
	p, err := sys.Mmap(fd, 8192)
	must(t, err)
	p[0], p[8191] = 1, 2
	must(t, sys.Vacate(p))
	if p[0] != 0 || p[8191] != 0 {
		t.Errorf("%d and %d are left", p[0], p[8191])
	}
	p[0] = 3 // no other end has it
	again, err := sys.Mmap(fd, 8192)
	must(t, err)
	if again[0] != 1 {
		t.Errorf("the file holds %d, want 1", again[0])
	}
	must(t, errors.Join(sys.Munmap(p), sys.Munmap(again)))
}

// A pool of files is no larger than a process's table of descriptors.
func TestPoolFitsTheTable(t *testing.T) {
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	const files = 36
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files + otherFiles, Max: before.Max}))
	t.Cleanup(func() { must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before)) })
	l, err := memfdpassLimits(0)
	must(t, err)
	if want := files * os.Getpagesize(); l.Queue.N != want || l.Queue.Source != "RLIMIT_NOFILE of 100" {
		t.Errorf("%+v, want %d bytes of RLIMIT_NOFILE", l.Queue, want)
	}
	s := Spec{Size: 64, Senders: 1, Receivers: 1, Queue: l.Queue.N + 1}
	_, err = newMemfdpass(s)
	refused(t, err)
}
