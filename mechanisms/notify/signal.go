// Package notify registers the mechanisms that carry notifications and no bytes,
// one file each.
package notify

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Signals go to a thread, so that no other thread of its process gets them,
// which would have to block them too: Go's runtime has threads of its own. Its
// number has to get from the waiter to the notifier: by the file that a link
// is, which both map, and which its waiter fills in when it is opened.
const (
	pageTID  = 0 // stored last
	pagePID  = 4
	pageSize = 8
)

// oneThread is a limit of every link that signals a thread.
var oneThread = mechanisms.Limit{N: 1, Source: "one thread is signalled", Beyond: "the others would not be woken, signal(7)"}

// newSignal makes the file of a link, in the private directory of s.
func newSignal(mech string, s mechanisms.Spec) (*mechanisms.Link, error) {
	l := &mechanisms.Link{Mechanism: mech}
	o, err := makeThreadPage(s.Dir)
	if err != nil {
		return nil, mechanisms.Failed("make", mech, 0, err)
	}
	l.Objects = []mechanisms.Object{o}
	attr, err := json.Marshal(o)
	l.Sender = mechanisms.Ticket{Spec: s, Attr: attr}
	l.Receiver = l.Sender
	return l, err
}

func makeThreadPage(dir string) (mechanisms.Object, error) {
	at, err := mechanisms.OpenPrivate(dir)
	if err != nil {
		return mechanisms.Object{}, err
	}
	defer unix.Close(at)
	name := "signal-" + rand.Text()
	fd, err := unix.Openat(at, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return mechanisms.Object{}, os.NewSyscallError("openat", err)
	}
	defer unix.Close(fd)
	err = os.NewSyscallError("ftruncate", sys.Retry(func() error { return unix.Ftruncate(fd, pageSize) }))
	o, e := mechanisms.PathObject(filepath.Join(dir, name))
	if err = errors.Join(err, e); err != nil {
		return mechanisms.Object{}, errors.Join(err, os.NewSyscallError("unlinkat", unix.Unlinkat(at, name, 0)))
	}
	o.AtRelease = true
	return o, nil
}

// openThreadPage maps the file of a link.
func openThreadPage(t mechanisms.Ticket) ([]byte, error) {
	var o mechanisms.Object
	if err := json.Unmarshal(t.Attr, &o); err != nil {
		return nil, err
	}
	fd, err := unix.Open(o.Path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("openat", err)
	}
	defer unix.Close(fd)
	return sys.Mmap(fd, pageSize)
}

// target is a thread, and the process that it is one of.
type target struct{ pid, tid int }

// signaller is what notifiers have in common that signal a thread.
type signaller struct {
	mechanism string
	memory    []byte
	to        target
}

func openSignaller(mech string) func(mechanisms.Ticket) (signaller, error) {
	return func(t mechanisms.Ticket) (signaller, error) {
		p, err := openThreadPage(t)
		if err != nil {
			return signaller{}, mechanisms.Failed("open", mech, 0, err)
		}
		return signaller{mechanism: mech, memory: p}, nil
	}
}

// meet waits until there is a waiter, and finds out which thread it is.
func (s *signaller) meet() error {
	word := sys.Word(s.memory[pageTID:])
	for word.Load() == 0 {
		if err := sys.FutexWait(word, 0); err != nil {
			return s.failed(err)
		}
	}
	s.to = target{int(sys.Word(s.memory[pagePID:]).Load()), int(word.Load())}
	return nil
}

func (s *signaller) failed(err error) error { return mechanisms.Failed("notify", s.mechanism, 0, err) }

// Close unmaps the file. Once only.
func (s *signaller) Close() error { return unix.Munmap(s.memory) }

// signalled is what waiters have in common: the thread that has opened one
// blocks the signal until Close, which it must call itself.
type signalled struct {
	mechanism string
	set       *sys.Sigset
	before    *sys.Sigset // what it blocked before
	tid       int
}

var errOtherThread = errors.New("closed by another thread than the one that opened it, whose signals stay blocked")

// openSignalled blocks the signal, and then gives the notifier its thread's number.
func openSignalled(mech string, sig int, t mechanisms.Ticket) (w signalled, err error) {
	p, err := openThreadPage(t)
	if err != nil {
		return w, mechanisms.Failed("open", mech, 0, err)
	}
	defer unix.Munmap(p)
	runtime.LockOSThread()
	w = signalled{mechanism: mech, set: sys.NewSigset(sig), tid: unix.Gettid()}
	if w.before, err = w.set.Block(); err != nil {
		runtime.UnlockOSThread()
		return w, mechanisms.Failed("open", mech, 0, err)
	}
	sys.Word(p[pagePID:]).Store(uint32(os.Getpid()))
	word := sys.Word(p[pageTID:])
	word.Store(uint32(w.tid))
	_, err = sys.FutexWake(word, 1<<30)
	return w, err
}

// Close discards what is pending still, and blocks what was blocked before.
func (w *signalled) Close() error {
	if unix.Gettid() != w.tid {
		return mechanisms.Failed("close", w.mechanism, 0, errOtherThread)
	}
	defer runtime.UnlockOSThread()
	return errors.Join(w.set.Discard(), w.before.SetMask())
}

// signalTraits are those of signals, with what the ways to take them differ in.
func signalTraits(pollable, message, capacity mechanisms.Trait) mechanisms.Traits {
	return mechanisms.Traits{
		Duplex:      mechanisms.Documented("one way: to a process or thread", "kill(2)"),
		Persistence: mechanisms.Checked("nothing: pending signals go with the process", "A10"),
		Pollable:    pollable,
		Selection:   mechanisms.Documented("by signal number", "sigwaitinfo(2)"),
		Atomic:      mechanisms.Documented("each signal", "signal(7)"),
		Message:     message,
		Capacity:    capacity,
		PeerDeath:   mechanisms.Checked("sender: ESRCH; receiver: nothing", "A08"),
		PassFD:      mechanisms.Documented("no", "signal(7)"),
		Permission:  mechanisms.Checked("the same user, or CAP_KILL", "A09"),
		Namespace:   mechanisms.Documented("PID: a number", "pid_namespaces(7)"),
	}
}
