package mechanisms

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// A refusal is an *UnsupportedError that names the call, its errno and the cause.
// Any other error is what it was.
func TestRefused(t *testing.T) {
	m := &Mechanism{Name: "some", Since: "2.6.0"}
	call := func(name string, errno error) error {
		return Failed("send", "some", 64, fmt.Errorf("x: %w", os.NewSyscallError(name, errno)))
	}
	lacking := &UnsupportedError{Mechanism: "some", What: "all of it"}
	for _, c := range []struct {
		err  error
		want string // "": the error itself
	}{
		{nil, ""},
		{errors.New("damaged"), ""},
		{call("write", unix.EPIPE), ""},
		{call("msgget", unix.EEXIST), ""},
		{call("msgget", unix.ENOSYS), "some: msgget: ENOSYS: "},
		{call("msgget", unix.ENOSPC), "some: msgget: ENOSPC: /proc/sys/kernel/msgmni is "},
		{call("semget", unix.ENOSPC), "some: semget: ENOSPC: /proc/sys/kernel/sem is "},
		{call("write", unix.ENOSPC), ""},
		{errors.Join(fmt.Errorf("worker: %w", lacking), unix.ENOSYS), "some: all of it"},
	} {
		got := m.Refused(c.err)
		switch {
		case c.want == "":
			if got != c.err {
				t.Errorf("%v became %v", c.err, got)
			}
		case !errors.Is(got, errors.ErrUnsupported) || !strings.HasPrefix(got.Error(), c.want):
			t.Errorf("%v became %v, want %s…", c.err, got, c.want)
		case got != error(lacking) && !got.(*UnsupportedError).Unavailable:
			t.Errorf("%v became %v, which is not called unavailable", c.err, got)
		}
	}
	// Without a filter EPERM has no reason here, and is a failure.
	if err := call("vmsplice", unix.EPERM); !sys.Filtered() && m.Refused(err) != err {
		t.Errorf("%v is excused without a filter", err)
	}
	late := &Mechanism{Name: "late", Since: "99.1"}
	if got := late.Refused(call("write", unix.EINVAL)); got.Error() != "late: needs Linux 99.1, this is "+sys.Release() {
		t.Error(got)
	}
}

// What a kernel does not have at all is unavailable; what is beyond a limit is not.
func TestUnavailable(t *testing.T) {
	lacking := &UnsupportedError{Mechanism: "some", What: "this kernel was built without it"}
	m := &Mechanism{Name: "some", Since: "2.6.0", Needs: func() error { return lacking }}
	var u *UnsupportedError
	if err := m.Available(); !errors.As(err, &u) || !u.Unavailable || u.What != lacking.What {
		t.Errorf("%+v, want it to be unavailable", err)
	}
	if lacking.Unavailable {
		t.Error("an answer that is shared was changed")
	}
	if err := (Limits{Message: Limit{N: 64, Source: "some"}}).Admit("some", Spec{Size: 65}); !errors.As(err, &u) || u.Unavailable {
		t.Errorf("%+v, want a limit", err)
	}
}
