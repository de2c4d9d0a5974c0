package all

import (
	"errors"
	"runtime"
	"runtime/debug"
	"testing"

	"ipcbench/internal/emulate"
	"ipcbench/internal/need"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// Every mechanism passes messages, notifications and a lock between ends of a
// dedicated process, on every architecture: where its calls leave an argument
// to what a register holds, they fail on some. One process has both ends, so
// that a message is there before it is waited for.
func TestDedicatedEnds(t *testing.T) {
	need.Time(t)
	if !emulate.Inside() {
		emulate.Each(t)
		return
	}
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	sys.Dedicate()
	for _, m := range mechanisms.All() {
		if m.Scheduled {
			continue // Go's scheduler makes its calls
		}
		t.Run(m.Name, func(t *testing.T) {
			runtime.LockOSThread() // a waiter belongs to its thread
			if m.Needs != nil {
				if err := m.Needs(); err != nil {
					t.Skip(err)
				}
			}
			l, err := m.New(linktest.Spec(t, m, 64))
			if err == nil {
				err = errors.Join(passOne(m, l), l.Destroy())
			}
			if emulate.Lacks(err) {
				t.Skipf("the emulator lacks it: %v", err)
			}
			linktest.Must(t, err)
		})
	}
}

// passOne passes three of what the link carries.
func passOne(m *mechanisms.Mechanism, l *mechanisms.Link) (err error) {
	for _, c := range []struct {
		contract mechanisms.Contract
		pass     func(*mechanisms.Mechanism, *mechanisms.Link) error
	}{{mechanisms.Messages, passMessages}, {mechanisms.Counts, passNotifications}, {mechanisms.Locks, passLock}} {
		if m.Offers(c.contract) {
			err = errors.Join(err, c.pass(m, l))
		}
	}
	return err
}

func passMessages(m *mechanisms.Mechanism, l *mechanisms.Link) (err error) {
	in, err := m.OpenReceiver(l.Receiver)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := m.OpenSender(l.Sender)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	got := mechanisms.Buffer(l.Receiver.Spec.Size)
	for i := range 3 {
		sent := linktest.Message(len(got), 0, i)
		copy(got, sent) // a Buffer, as Send asks for
		if err := out.Send(got); err != nil {
			return err
		}
		clear(got)
		if err := errors.Join(in.Recv(got), linktest.Same(got, sent)); err != nil {
			return err
		}
	}
	return nil
}

func passNotifications(m *mechanisms.Mechanism, l *mechanisms.Link) (err error) {
	in, err := m.OpenWaiter(l.Receiver)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := m.OpenNotifier(l.Sender)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	for range 3 {
		if err := out.Notify(); err != nil {
			return err
		}
		if n, err := in.Wait(); err != nil || n != 1 {
			return errors.Join(errors.New("not one notification"), err)
		}
	}
	return nil
}

func passLock(m *mechanisms.Mechanism, l *mechanisms.Link) (err error) {
	lock, err := m.OpenLocker(l.Sender)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	for range 3 {
		if err := errors.Join(lock.Lock(), lock.Unlock()); err != nil {
			return err
		}
	}
	return nil
}
