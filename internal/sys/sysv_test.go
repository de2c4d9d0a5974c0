package sys

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The sizes that a C compiler gives the structures of the kernel's headers.
func TestStructureSizes(t *testing.T) {
	want := map[string]struct{ sem, msg, shm, qbytes uintptr }{
		"amd64":   {104, 120, 112, 88},
		"arm64":   {88, 120, 112, 88},
		"riscv64": {88, 120, 112, 88},
		"386":     {64, 88, 84, 68},
	}[runtime.GOARCH]
	got := struct{ sem, msg, shm, qbytes uintptr }{
		unsafe.Sizeof(SemidDs{}), unsafe.Sizeof(MsqidDs{}), unsafe.Sizeof(ShmidDs{}), unsafe.Offsetof(MsqidDs{}.Qbytes),
	}
	if got != want {
		t.Errorf("%s: got %v, want %v", runtime.GOARCH, got, want)
	}
	if n := unsafe.Sizeof(Sembuf{}); n != 6 {
		t.Errorf("Sembuf: %d bytes, want 6", n)
	}
}

func TestSemaphores(t *testing.T) {
	before := time.Now().Unix()
	id := semaphores(t, 3, 0)
	must(t, Semop(id, []Sembuf{{Num: 0, Op: -1}, {Num: 1, Op: 2}}))
	_, err := Semctl(id, 0, SemSetVal, 7)
	must(t, err)
	for num, want := range []int{7, 2} {
		if v, err := Semctl(id, num, SemGetVal, 0); v != want || err != nil {
			t.Errorf("semaphore %d: %d, %v; want %d", num, v, err, want)
		}
	}

	ds, err := SemStat(id)
	must(t, err)
	if ds.Nsems != 2 || ds.Perm.Mode&0o777 != 0o600 || int(ds.Perm.Cuid) != unix.Geteuid() {
		t.Errorf("SemStat: %+v", ds)
	}
	if c := ds.Changed(); c < before || c > time.Now().Unix() {
		t.Errorf("Changed: %d, want %d or a moment later", c, before)
	}

	wantErrno(t, Semop(id, []Sembuf{{Num: 0, Op: -8, Flg: unix.IPC_NOWAIT}}), "semtimedop", unix.EAGAIN)
	_, err = Semctl(id, 0, SemSetVal, SEMVMX+1)
	wantErrno(t, err, "semctl", unix.ERANGE)
	wantErrno(t, SemSetAll(id, []uint16{1}), "semctl", unix.EINVAL)
	must(t, SemRemove(id))
	_, err = SemStat(id)
	wantErrno(t, err, "semctl", unix.EINVAL)
	_, err = Semget(unix.IPC_PRIVATE, 0, 0o600)
	wantErrno(t, err, "semget", unix.EINVAL)
}

func TestMessages(t *testing.T) {
	before := time.Now().Unix()
	id := queue(t)
	for typ, text := range []string{1: "first", 2: "second"} {
		if text == "" {
			continue
		}
		buf := MsgBuffer(len(text))
		copy(buf, text)
		must(t, Msgsnd(id, NewMsg(buf, typ), 0))
	}
	ds, err := MsgStat(id)
	must(t, err)
	if ds.Qnum != 2 || ds.Cbytes != 11 || ds.Perm.Mode&0o777 != 0o600 || int(ds.Perm.Cuid) != unix.Geteuid() {
		t.Errorf("MsgStat: %+v", ds)
	}
	if c := ds.Changed(); c < before || c > time.Now().Unix() {
		t.Errorf("Changed: %d, want %d or a moment later", c, before)
	}

	_, err = Msgrcv(id, NewMsg(MsgBuffer(3), 2), 0)
	wantErrno(t, err, "msgrcv", unix.E2BIG)
	buf := MsgBuffer(100)
	n, err := Msgrcv(id, NewMsg(buf, 2), 0)
	if err != nil || string(buf[:n]) != "second" {
		t.Errorf("type 2: %q, %v", buf[:n], err)
	}
	_, err = Msgrcv(id, NewMsg(buf, 2), unix.IPC_NOWAIT)
	wantErrno(t, err, "msgrcv", unix.ENOMSG)

	must(t, MsgSetQbytes(id, 16))
	ds, err = MsgStat(id)
	if ds.Qbytes != 16 || ds.Perm.Mode&0o777 != 0o600 || err != nil {
		t.Errorf("after IPC_SET: %+v, %v; want 16 bytes, mode 0600", ds, err)
	}
	wantErrno(t, Msgsnd(id, NewMsg(buf, 1), unix.IPC_NOWAIT), "msgsnd", unix.EAGAIN)
	wantErrno(t, Msgsnd(id, NewMsg(buf, 0), 0), "msgsnd", unix.EINVAL)
	must(t, MsgRemove(id))
	_, err = MsgStat(id)
	wantErrno(t, err, "msgctl", unix.EINVAL)
	wantErrno(t, MsgSetQbytes(id, 1), "msgctl", unix.EINVAL)
}

// A text that is no MsgBuffer's, or not its start, has no type before it: what
// lies there instead must not be touched.
func TestForeignTextIsNoMessage(t *testing.T) {
	id := queue(t)
	foreign := make([]byte, 200)
	wantErrno(t, Msgsnd(id, NewMsg(foreign[100:], 1), 0), "msgsnd", unix.EFAULT)
	wantErrno(t, Msgsnd(id, NewMsg(MsgBuffer(100)[8:], 1), 0), "msgsnd", unix.EFAULT)
	if slices.ContainsFunc(foreign, func(b byte) bool { return b != 0 }) {
		t.Errorf("before the text was written to: %v", foreign)
	}
}

func TestMessageBuffersBeginOnAPage(t *testing.T) {
	for _, size := range []int{0, 1, 64, 4095, 4096, 1 << 20} {
		p := MsgBuffer(size)
		if len(p) != size || cap(p) != size+1 || uintptr(unsafe.Pointer(unsafe.SliceData(p)))%uintptr(os.Getpagesize()) != 0 {
			t.Errorf("MsgBuffer(%d): %d bytes of %d at %p", size, len(p), cap(p), unsafe.SliceData(p))
		}
	}
}

func TestSharedMemory(t *testing.T) {
	id, err := Shmget(unix.IPC_PRIVATE, 5000, 0o600)
	must(t, err)
	t.Cleanup(func() { ShmRemove(id) })
	a, err := Shmat(id)
	must(t, err)
	b, err := Shmat(id)
	must(t, err)
	a[4999] = 42
	if len(b) != 5000 || b[4999] != 42 {
		t.Errorf("second attach: %d bytes, last %d; want 5000, 42", len(b), b[4999])
	}
	must(t, Shmdt(b))
	must(t, ShmRemove(id))
	ds, err := ShmStat(id)
	must(t, err)
	if ds.Nattch != 1 || ds.Perm.Mode&SHM_DEST == 0 || ds.Changed() == 0 {
		t.Errorf("removed while attached: %+v", ds)
	}
	must(t, Shmdt(a))
	_, err = ShmStat(id)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EIDRM) {
		t.Errorf("after the last detach: %v", err)
	}
	_, err = Shmget(unix.IPC_PRIVATE, 0, 0o600)
	wantErrno(t, err, "shmget", unix.EINVAL)
}

func TestSyscallName(t *testing.T) {
	for nr, want := range map[int]string{
		unix.SYS_READ: "read", sysSemtimedop: "semtimedop", unix.SYS_MSGRCV: "msgrcv",
		unix.SYS_RESTART_SYSCALL: "restart_syscall", 99999: "syscall 99999", -1: "syscall -1",
	} {
		if got := SyscallName(nr); got != want {
			t.Errorf("SyscallName(%d) = %q, want %q", nr, got, want)
		}
	}
}
