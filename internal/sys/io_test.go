package sys

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadWrite(t *testing.T) {
	r, w := pipe(t)
	n, err := Write(w, []byte("hello"))
	if n != 5 || err != nil {
		t.Fatalf("Write: %d, %v", n, err)
	}
	p := make([]byte, 100)
	n, err = Read(r, p)
	if n != 5 || err != nil || string(p[:n]) != "hello" {
		t.Fatalf("Read: %q, %v", p[:n], err)
	}
	n, err = Write(w, nil)
	if n != 0 || err != nil {
		t.Errorf("Write of nothing: %d, %v", n, err)
	}

	_, err = Write(r, p)
	wantErrno(t, err, "write", unix.EBADF)
	_, err = Read(w, p)
	wantErrno(t, err, "read", unix.EBADF)
	must(t, unix.Close(r))
	_, err = Write(w, p)
	wantErrno(t, err, "write", unix.EPIPE)
}

func TestReadEndOfFile(t *testing.T) {
	r, w := pipe(t)
	must(t, unix.Close(w))
	if n, err := Read(r, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("Read: %d, %v; want 0 and no error", n, err)
	}
}

func TestTimedCallsDoNotAllocate(t *testing.T) {
	r, w := pipe(t)
	p := make([]byte, 64)
	sem := semaphores(t, 0)
	up, down := []Sembuf{{Op: 1}}, []Sembuf{{Op: -1}}
	msg := queue(t)
	buf := MsgBuffer(64)
	calls := map[string]func() error{
		"Write and Read": func() error {
			if _, err := Write(w, p); err != nil {
				return err
			}
			_, err := Read(r, p)
			return err
		},
		"Semop": func() error {
			if err := Semop(sem, up); err != nil {
				return err
			}
			return Semop(sem, down)
		},
		"Msgsnd and Msgrcv": func() error {
			if err := Msgsnd(msg, NewMsg(buf, 1), 0); err != nil {
				return err
			}
			_, err := Msgrcv(msg, NewMsg(buf, 1), 0)
			return err
		},
	}
	for name, call := range calls {
		var err error
		n := testing.AllocsPerRun(100, func() {
			if e := call(); e != nil {
				err = e
			}
		})
		if n != 0 || err != nil {
			t.Errorf("%s: %v allocations, error %v", name, n, err)
		}
	}
}
