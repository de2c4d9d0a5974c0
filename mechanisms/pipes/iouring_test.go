package pipes

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// TestRingsComeBack opens and closes more ends than RLIMIT_MEMLOCK admits at a
// time, as a process without CAP_IPC_LOCK, and finds out that no more can be
// open at once.
func TestRingsComeBack(t *testing.T) {
	m := mechanisms.Lookup("iouring")
	if err := m.Needs(); err != nil {
		t.Skip(err)
	}
	const rings = 4
	withLockable(t, rings*lockedByRing.Need)
	l := linktest.NewLink(t, m, linktest.Spec(t, m, 64))
	for range 5 * rings {
		in, err := m.OpenReceiver(l.Receiver)
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip(err) // this user's other processes hold all of it
		}
		linktest.Must(t, err)
		linktest.Must(t, in.Close())
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
	linktest.Must(t, unix.Getrlimit(unix.RLIMIT_MEMLOCK, &before))
	if before.Max < uint64(n) {
		t.Skipf("RLIMIT_MEMLOCK admits %d bytes at most, want %d", before.Max, n)
	}
	linktest.Must(t, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: uint64(n), Max: before.Max}))
	t.Cleanup(func() { linktest.Must(t, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &before)) })
	withoutIPCLock(t)
}

// withoutIPCLock takes CAP_IPC_LOCK from the calling thread, which ends with the
// test.
func withoutIPCLock(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var c [2]unix.CapUserData
	linktest.Must(t, unix.Capget(&h, &c[0]))
	c[0].Effective &^= 1 << unix.CAP_IPC_LOCK
	linktest.Must(t, unix.Capset(&h, &c[0]))
	if mechanisms.MayLock() {
		t.Fatal("CAP_IPC_LOCK was taken away, and is there")
	}
}

// TestVacateLeavesZeroes gives back memory that another goroutine could be in.
func TestVacateLeavesZeroes(t *testing.T) {
	fd, err := sys.MemfdCreate("ipcbench-test", 8192)
	linktest.Must(t, err)
	defer unix.Close(fd)
	p, err := sys.Mmap(fd, 8192)
	linktest.Must(t, err)
	p[0], p[8191] = 1, 2
	linktest.Must(t, sys.Vacate(p))
	if p[0] != 0 || p[8191] != 0 {
		t.Errorf("%d and %d are left", p[0], p[8191])
	}
	p[0] = 3 // no other end has it
	again, err := sys.Mmap(fd, 8192)
	linktest.Must(t, err)
	if again[0] != 1 {
		t.Errorf("the file holds %d, want 1", again[0])
	}
	linktest.Must(t, errors.Join(sys.Munmap(p), sys.Munmap(again)))
}
