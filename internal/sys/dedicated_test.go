package sys

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/emulate"
	"ipcbench/internal/need"
)

// A call of the timed path passes all arguments that the kernel reads, on every
// architecture, whatever the registers held before. Each is made as a worker
// makes it, in a dedicated process, which this test starts for each
// architecture.
//
// No call here waits: what it waits for is there.
func TestDedicatedCalls(t *testing.T) {
	if !emulate.Inside() {
		need.Time(t) // other architectures are built and emulated
		emulate.Each(t)
		return
	}
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	Dedicate()
	for _, c := range dedicatedCalls {
		t.Run(c.name, func(t *testing.T) {
			err := c.do(t)
			if emulate.Lacks(err) {
				t.Skipf("the emulator lacks it: %v", err)
			}
			must(t, err)
		})
	}
}

// poison leaves numbers that are no address in the registers that hold
// arguments.
//
//go:noinline
func poison(a, b, c, d, e, f, g, h uintptr) { poisons += a ^ b ^ c ^ d ^ e ^ f ^ g ^ h }

var poisons uintptr

// poisoned makes the call after that.
func poisoned(call func() error) error {
	poison(11, 12, 13, 14, 15, 16, 17, 18)
	return call()
}

// errShort is the error of a call that did less than it was asked for.
var errShort = errors.New("did not do all")

// whole is the error of a call that was to return want.
func whole(n, want int, err error) error {
	if err == nil && n != want {
		return errShort
	}
	return err
}

// second is how long no call here waits.
const second = time.Second

var dedicatedCalls = []struct {
	name string
	do   func(t *testing.T) error
}{
	{"write and read", func(t *testing.T) error {
		r, w := pipe(t)
		p := []byte("message")
		return errors.Join(
			poisoned(func() error { n, err := Write(w, p); return whole(n, len(p), err) }),
			poisoned(func() error { n, err := Read(r, p); return whole(n, len(p), err) }))
	}},
	{"writev and readv", func(t *testing.T) error {
		r, w := pipe(t)
		p := []byte("message")
		v := []unix.Iovec{Vector(p[:3]), Vector(p[3:])}
		return errors.Join(
			poisoned(func() error {
				n, err := TryWritev(w, v).SettleWritev(w, v).Result("writev")
				return whole(n, len(p), err)
			}),
			poisoned(func() error { n, err := TryReadv(r, v).SettleReadv(r, v).Result("readv"); return whole(n, len(p), err) }))
	}},
	{"semtimedop", func(t *testing.T) error {
		id := semaphores(t, 0)
		return errors.Join(
			poisoned(func() error { return Semop(id, []Sembuf{{Op: 2}}) }),
			poisoned(func() error { return Semop(id, []Sembuf{{Op: -2}}) }),
			poisoned(func() error { return Semop(id, []Sembuf{{Op: 0}}) }))
	}},
	{"msgsnd and msgrcv", func(t *testing.T) error {
		id := queue(t)
		m := NewMsg(MsgBuffer(64), 1)
		return errors.Join(
			poisoned(func() error { a := TryMsgsnd(id, m); return a.Msgsnd(id, m, 0) }),
			poisoned(func() error { n, err := Msgrcv(id, m, 0); return whole(n, 64, err) }),
			poisoned(func() error { return Msgsnd(id, m, unix.IPC_NOWAIT) }),
			poisoned(func() error { n, err := Msgrcv(id, m, unix.IPC_NOWAIT); return whole(n, 64, err) }))
	}},
	{"mq_timedsend and mq_timedreceive", func(t *testing.T) error {
		fd, err := MqOpen("ipcbench-test", unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600, &MqAttr{Maxmsg: 2, Msgsize: 64})
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		must(t, MqUnlink("ipcbench-test"))
		p := make([]byte, 64)
		if err := poisoned(func() error { return MqTimedsend(fd, p) }); err != nil {
			return err
		}
		return poisoned(func() error { n, err := TryMqTimedreceive(fd, p).MqTimedreceive(fd, p); return whole(n, 64, err) })
	}},
	{"futex", func(t *testing.T) error {
		var word atomic.Uint32
		return errors.Join(
			poisoned(func() error { n, err := FutexWake(&word, 1); return whole(n, 0, err) }),
			poisoned(func() error { return FutexWait(&word, 1) })) // it is not 1 any more
	}},
	{"clock_nanosleep", func(t *testing.T) error {
		at := Monotonic() + int64(time.Millisecond)
		err := poisoned(func() error { return SleepUntil(at) })
		if err == nil && Monotonic() < at {
			return errShort
		}
		return err
	}},
	{"ppoll", func(t *testing.T) error {
		r, w := pipe(t)
		p := unix.PollFd{Fd: int32(r), Events: unix.POLLIN}
		if _, err := Write(w, []byte{1}); err != nil {
			return err
		}
		return errors.Join(
			poisoned(func() error { return Poll(&p) }),
			poisoned(func() error {
				ready, err := PollWithin(&p, second)
				if err == nil && !ready {
					return errShort
				}
				return err
			}))
	}},
	{"epoll_pwait", func(t *testing.T) error {
		r, w := pipe(t)
		set, err := NewPollset(Readable, r)
		must(t, err)
		defer set.Close()
		if _, err := Write(w, []byte{1}); err != nil {
			return err
		}
		return poisoned(func() error { n, err := set.Wait(); return whole(n, 1, err) })
	}},
	{"splice and tee", func(t *testing.T) error {
		r, w := pipe(t)
		r2, w2 := pipe(t)
		p := []byte("message")
		if _, err := Write(w, p); err != nil {
			return err
		}
		if err := poisoned(func() error { n, err := Tee(r, w2, len(p)); return whole(n, len(p), err) }); err != nil {
			return err
		}
		if err := poisoned(func() error { n, err := Splice(r, w2, nil, len(p)); return whole(n, len(p), err) }); err != nil {
			return err
		}
		n, err := Read(r2, make([]byte, 64))
		return whole(n, 2*len(p), err)
	}},
	{"splice to a file", func(t *testing.T) error {
		r, w := pipe(t)
		fd, err := MemfdCreate("test", 64)
		must(t, err)
		defer unix.Close(fd)
		if _, err := Write(w, []byte("message")); err != nil {
			return err
		}
		at := int64(5)
		if err := poisoned(func() error { n, err := Splice(r, fd, &at, 7); return whole(n, 7, err) }); err != nil {
			return err
		}
		p := make([]byte, 12)
		if err := poisoned(func() error { n, err := PreadStart(fd, p); return whole(n, 12, err) }); err != nil {
			return err
		}
		if string(p[5:]) != "message" {
			return errShort
		}
		return nil
	}},
	{"vmsplice", func(t *testing.T) error {
		r, w := pipe(t)
		p, err := Anonymous(os.Getpagesize())
		must(t, err)
		defer Munmap(p)
		v := Vector(p[:64])
		if err := poisoned(func() error { n, err := Vmsplice(w, &v, 0); return whole(n, 64, err) }); err != nil {
			return err
		}
		return poisoned(func() error { n, err := Vmsplice(r, &v, 0); return whole(n, 64, err) })
	}},
	{"pread64", func(t *testing.T) error {
		fd, err := MemfdCreate("test", 64)
		must(t, err)
		defer unix.Close(fd)
		return poisoned(func() error { n, err := PreadStart(fd, make([]byte, 64)); return whole(n, 64, err) })
	}},
	{"sendmsg, recvmsg and close", func(t *testing.T) error {
		a, b := sockets(t, unix.SOCK_STREAM)
		p := NewParcel()
		if err := poisoned(func() error { return p.Send(a, a) }); err != nil {
			return err
		}
		var fd int
		if err := poisoned(func() (err error) { fd, err = p.Receive(b); return err }); err != nil {
			return err
		}
		return poisoned(func() error { return Close(fd) })
	}},
	{"sendto", func(t *testing.T) error {
		a, b := sockets(t, unix.SOCK_DGRAM)
		p := []byte("message")
		if err := poisoned(func() error {
			n, err := Untried.SettleSend(a, p, unix.MSG_NOSIGNAL).Result("sendto")
			return whole(n, len(p), err)
		}); err != nil {
			return err
		}
		n, err := Read(b, p)
		return whole(n, len(p), err)
	}},
	{"recvmsg of an error queue", func(t *testing.T) error {
		if emulate.Emulated() {
			t.Skip("the emulator's recvmsg returns 0 to a caller without a buffer, and does not ask the kernel")
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		must(t, err)
		defer unix.Close(fd)
		n := NewNotices()
		return poisoned(func() error {
			if a := n.Next(fd); !a.WouldBlock() {
				_, err := a.Result("recvmsg")
				return errors.Join(errShort, err)
			}
			return nil
		})
	}},
	{"sendmmsg and recvmmsg", func(t *testing.T) error {
		a, b := sockets(t, unix.SOCK_DGRAM)
		p, m := make([]byte, 64), NewMessages(2)
		m.Point(0, p[:32])
		m.Point(1, p[32:])
		if err := poisoned(func() error {
			n, err := Untried.SettleSendmmsg(a, m.Headers(0, 2)).Result("sendmmsg")
			return whole(n, 2, err)
		}); err != nil {
			return err
		}
		return poisoned(func() error {
			n, err := Untried.SettleRecvmmsg(b, m.Headers(0, 2)).Result("recvmmsg")
			return whole(n, 2, err)
		})
	}},
	{"process_vm_readv", func(t *testing.T) error {
		from, to := []byte("message"), make([]byte, 7)
		return poisoned(func() error {
			n, err := ProcessVMReadv(os.Getpid(), to, uintptr(unsafe.Pointer(unsafe.SliceData(from))))
			runtime.KeepAlive(from)
			return whole(n, 7, err)
		})
	}},
	{"prctl", func(t *testing.T) error {
		return poisoned(func() error { return SetPtracer(os.Getpid()) })
	}},
	{"tgkill", func(t *testing.T) error {
		return poisoned(func() error {
			tid := unix.Gettid()
			return TryTgkill(os.Getpid(), tid, 0).Tgkill(os.Getpid(), tid, 0)
		})
	}},
	{"rt_tgsigqueueinfo and rt_sigtimedwait", func(t *testing.T) error {
		const sig = int(unix.SIGUSR1)
		set := NewSigset(sig)
		before, err := set.Block()
		if err != nil {
			return err
		}
		defer before.SetMask()
		info := NewSiginfo(sig)
		if err := poisoned(func() error { return RtTgsigqueueinfo(os.Getpid(), unix.Gettid(), info) }); err != nil {
			return err
		}
		return poisoned(func() error { return RtSigtimedwait(set) })
	}},
	{"madvise", func(t *testing.T) error {
		p, err := Anonymous(os.Getpagesize())
		must(t, err)
		defer Munmap(p)
		p[0] = 1
		if err := poisoned(func() error { return Forget(p) }); err != nil {
			return err
		}
		if p[0] != 0 {
			return errShort
		}
		return nil
	}},
	{"io_uring_enter", func(t *testing.T) error {
		ring, err := OpenRing()
		if errors.Is(err, ErrRingTooOld) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOMEM) {
			t.Skip(err)
		}
		must(t, err)
		defer ring.Close()
		r, w := pipe(t)
		p := []byte("message")
		if err := poisoned(func() error { n, err := ring.Write(w, p); return whole(n, len(p), err) }); err != nil {
			return err
		}
		return poisoned(func() error { n, err := ring.Read(r, p); return whole(n, len(p), err) })
	}},
	{"getppid and sched_yield", func(t *testing.T) error {
		return poisoned(func() error {
			SchedYield()
			if Getppid() != syscall.Getppid() {
				return errShort
			}
			return nil
		})
	}},
	{"an errno", func(t *testing.T) error {
		return poisoned(func() error {
			if _, err := Read(-1, make([]byte, 1)); !errors.Is(err, unix.EBADF) {
				return errors.Join(errShort, err)
			}
			return nil
		})
	}},
}

// sockets returns a pair of that type.
func sockets(t *testing.T, typ int) (a, b int) {
	t.Helper()
	p, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(p[0]); unix.Close(p[1]) })
	return p[0], p[1]
}
