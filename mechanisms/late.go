package mechanisms

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Scarce is what is needed of a resource that the kernel counts for several
// processes together and gives back some time after its last use. A refusal for
// want of it is no verdict before what was closed last has come back.
type Scarce struct {
	refusal syscall.Errno
	Need    int // bytes
	// want is the reason for a refusal: the need, the limit's value and its
	// source; "" where the limit does not bind this process.
	want func() string
}

// LongestWait is how long what is given back may take to come. A ring's memory takes
// 5 to 30 ms on two CPUs, beside a load as well.
const LongestWait = time.Second

// Obtain calls get until it is not refused for want of r, for latest at most.
// It then returns an *UnsupportedError.
func (r Scarce) Obtain(mech string, get func() error) error {
	err := get()
	if !errors.Is(err, r.refusal) || r.want() == "" {
		return err
	}
	for began := sys.Monotonic(); errors.Is(err, r.refusal); err = get() {
		now := sys.Monotonic()
		if now-began > int64(LongestWait) {
			return r.Missing(mech, err)
		}
		if err := r.Pause(func() error { return sys.SleepUntil(now + int64(time.Millisecond)) }); err != nil {
			return err
		}
	}
	return err
}

// Missing is the reason for a refusal that has lasted: an *UnsupportedError,
// or the refusal itself where this limit does not explain it.
func (r Scarce) Missing(mech string, refusal error) error {
	want := r.want()
	if want == "" {
		return refusal
	}
	return &UnsupportedError{Mechanism: mech, What: fmt.Sprintf("%s: none came back within %v", want, LongestWait)}
}

// Pause waits, as wait does, and keeps account of it.
func (r Scarce) Pause(wait func() error) error {
	began := sys.Monotonic()
	err := wait()
	waits.mu.Lock()
	waits.want = r.want()
	waits.mu.Unlock()
	waits.ns.Add(sys.Monotonic() - began)
	return err
}

// waits are those of this process.
var waits struct {
	ns   atomic.Int64
	mu   sync.Mutex
	want string
}

// Waited is how long this process has waited so far for what the kernel gives
// back late. A time in which links are made leaves it out.
func Waited() time.Duration { return time.Duration(waits.ns.Load()) }

// WaitedFor is what it has last waited for: the need, the limit's value and its
// source. It is "" where it has not waited.
func WaitedFor() string {
	waits.mu.Lock()
	defer waits.mu.Unlock()
	return waits.want
}

// LockedMemory is memory of which a user's processes may lock so much together,
// setrlimit(2), refused by that errno as the page says.
func LockedMemory(need int, refusal syscall.Errno, page string) Scarce {
	return Scarce{refusal, need, func() string {
		var r unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r); err != nil || r.Cur == unix.RLIM_INFINITY || MayLock() {
			return ""
		}
		return fmt.Sprintf("needs %d bytes of the locked memory of which RLIMIT_MEMLOCK admits %d to all processes of a user, %s", need, r.Cur, page)
	}}
}

// firstUserNamespace is what /proc/self/ns/user of a process shows that is in
// no other, PROC_USER_INIT_INO of linux/proc_ns.h.
const firstUserNamespace = "user:[4026531837]"

// MayLock reports whether the calling thread has CAP_IPC_LOCK, which no limit
// on locked memory binds, capabilities(7). That of another user namespace
// counts for nothing there.
func MayLock() bool {
	if ns, err := os.Readlink("/proc/self/ns/user"); err != nil || ns != firstUserNamespace {
		return false
	}
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var c [2]unix.CapUserData
	return unix.Capget(&h, &c[0]) == nil && c[0].Effective&(1<<unix.CAP_IPC_LOCK) != 0
}
