package all

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// Of what a link leaves in the kernel under a name or a number, and of what it
// listens to, another user reaches nothing.
func TestStrangersReachNoObject(t *testing.T) {
	need.Time(t)
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		for _, memory := range append([]string{""}, m.Memories...) {
			s := linktest.Spec(t, m, 64)
			s.Memory = memory
			l, err := m.New(s)
			if errors.Is(err, errors.ErrUnsupported) {
				continue
			}
			linktest.Must(t, err)
			t.Cleanup(func() { linktest.Destroy(t, l) }) // also where nobody can play a stranger
			objects := l.Objects
			err = linktest.AsStranger(t, func() (err error) {
				for _, o := range objects {
					if reached := reach(o); !errors.Is(reached, unix.EACCES) {
						err = errors.Join(err, fmt.Errorf("%v: %v, want EACCES", o, reached))
					}
				}
				return err
			})
			err = errors.Join(err, listening())
			linktest.Must(t, err)
		}
	})
}

// reach tries to take what is in an object, or to open it.
func reach(o mechanisms.Object) error {
	switch o.Kind {
	case mechanisms.KindShm:
		p, err := sys.Shmat(o.ID)
		if err == nil {
			err = sys.Shmdt(p)
		}
		return err
	case mechanisms.KindSem:
		return sys.SemopOnce(o.ID, []sys.Sembuf{{Op: 1}}, 0)
	case mechanisms.KindMsg:
		_, err := sys.MsgrcvOnce(o.ID, sys.NewMsg(sys.MsgBuffer(64), 1), 0, unix.IPC_NOWAIT)
		return err
	}
	open := func() (int, error) { return unix.Open(o.Path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0) }
	if o.Kind == mechanisms.KindMq {
		open = func() (int, error) { return sys.MqOpen(o.Path[1:], unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0, nil) }
	}
	fd, err := open()
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// listening is the error that a socket of this process accepts connections:
// its maker connects it to its peer before it gives the link away.
func listening() error {
	names, err := os.ReadDir("/proc/self/fd")
	for _, name := range names {
		fd, _ := strconv.Atoi(name.Name())
		if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && on != 0 {
			return fmt.Errorf("descriptor %d listens", fd)
		}
	}
	return err
}
