package mechanisms

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Signals go to a thread, so that no other thread of its process gets them,
// which would have to block them too: Go's runtime has threads of its own. Its
// number has to get from the waiter to the notifier: by the file that a link
// is, which both map, and which its waiter fills in when it is opened.
const (
	meetingTID  = 0 // stored last
	meetingPID  = 4
	meetingSize = 8
)

// oneThread is a limit of every link that signals a thread.
var oneThread = Limit{N: 1, Source: "one thread is signalled", Beyond: "the others would not be woken, signal(7)"}

// newSignal makes the file of a link, in the private directory of s.
func newSignal(mech string, s Spec) (*Link, error) {
	l := &Link{Mechanism: mech}
	o, err := makeMeeting(s.Dir)
	if err != nil {
		return nil, failed("make", mech, 0, err)
	}
	l.Objects = []Object{o}
	attr, err := json.Marshal(o)
	l.Sender = Ticket{Spec: s, Attr: attr}
	l.Receiver = l.Sender
	return l, err
}

func makeMeeting(dir string) (Object, error) {
	at, err := openPrivate(dir)
	if err != nil {
		return Object{}, err
	}
	defer unix.Close(at)
	name := "signal-" + rand.Text()
	fd, err := unix.Openat(at, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return Object{}, os.NewSyscallError("openat", err)
	}
	defer unix.Close(fd)
	err = os.NewSyscallError("ftruncate", unix.Ftruncate(fd, meetingSize))
	o, e := PathObject(filepath.Join(dir, name))
	if err = errors.Join(err, e); err != nil {
		return Object{}, errors.Join(err, os.NewSyscallError("unlinkat", unix.Unlinkat(at, name, 0)))
	}
	o.AtRelease = true
	return o, nil
}

// openMeeting maps the file of a link.
func openMeeting(t Ticket) ([]byte, error) {
	var o Object
	if err := json.Unmarshal(t.Attr, &o); err != nil {
		return nil, err
	}
	fd, err := unix.Open(o.Path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("openat", err)
	}
	defer unix.Close(fd)
	return sys.Mmap(fd, meetingSize)
}

// target is a thread, and the process that it is one of.
type target struct{ pid, tid int }

// signaller is what notifiers have in common that signal a thread.
type signaller struct {
	mechanism string
	memory    []byte
	to        target
}

func openSignaller(mech string, t Ticket) (signaller, error) {
	p, err := openMeeting(t)
	if err != nil {
		return signaller{}, failed("open", mech, 0, err)
	}
	return signaller{mechanism: mech, memory: p}, nil
}

// meet waits until there is a waiter, and finds out which thread it is.
func (s *signaller) meet() error {
	word := sys.Word(s.memory[meetingTID:])
	for word.Load() == 0 {
		if err := sys.FutexWait(word, 0); err != nil {
			return s.failed(err)
		}
	}
	s.to = target{int(sys.Word(s.memory[meetingPID:]).Load()), int(word.Load())}
	return nil
}

func (s *signaller) failed(err error) error { return failed("notify", s.mechanism, 0, err) }

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

// openSignalled blocks the signal, and then tells the notifier whom to send it.
func openSignalled(mech string, sig int, t Ticket) (w signalled, err error) {
	p, err := openMeeting(t)
	if err != nil {
		return w, failed("open", mech, 0, err)
	}
	defer unix.Munmap(p)
	runtime.LockOSThread()
	w = signalled{mechanism: mech, set: sys.NewSigset(sig), tid: unix.Gettid()}
	if w.before, err = w.set.Block(); err != nil {
		runtime.UnlockOSThread()
		return w, failed("open", mech, 0, err)
	}
	sys.Word(p[meetingPID:]).Store(uint32(os.Getpid()))
	word := sys.Word(p[meetingTID:])
	word.Store(uint32(w.tid))
	_, err = sys.FutexWake(word, 1<<30)
	return w, err
}

// Close discards what is pending still, and blocks what was blocked before.
func (w *signalled) Close() error {
	if unix.Gettid() != w.tid {
		return failed("close", w.mechanism, 0, errOtherThread)
	}
	defer runtime.UnlockOSThread()
	return errors.Join(w.set.Discard(), w.before.SetMask())
}
