package mechanisms

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is refused for want of what comes back is asked for again, and the wait is
// kept account of.
func TestObtainWaits(t *testing.T) {
	r := Scarce{refusal: unix.ENOMEM, want: func() string { return "needs 3 of 2" }}
	refused := os.NewSyscallError("io_uring_setup", unix.ENOMEM)
	before, left := Waited(), 3
	err := r.Obtain("some", func() error {
		if left--; left > 0 {
			return refused
		}
		return nil
	})
	if err != nil || left != 0 {
		t.Errorf("%v, %d attempts left", err, left)
	}
	if Waited() == before || WaitedFor() != "needs 3 of 2" {
		t.Errorf("waited %v for %q", Waited()-before, WaitedFor())
	}
}

// What does not come back is a limit of this machine, with the need and the
// limit's value. Any other refusal, and one that this limit does not explain, is
// what it was, at once.
func TestObtainGivesUp(t *testing.T) {
	refused := os.NewSyscallError("io_uring_setup", unix.ENOMEM)
	r := Scarce{refusal: unix.ENOMEM, want: func() string { return "needs 3 of 2" }}
	err := r.Obtain("some", func() error { return refused })
	if !errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.ENOMEM) || !strings.HasPrefix(err.Error(), "some: needs 3 of 2: ") {
		t.Errorf("it lasts: %v", err)
	}
	for what, r := range map[string]Scarce{
		"another errno": {refusal: unix.EAGAIN, want: r.want},
		"no limit":      {refusal: unix.ENOMEM, want: func() string { return "" }},
	} {
		asked := 0
		err := r.Obtain("some", func() error { asked++; return refused })
		if err != refused || asked != 1 {
			t.Errorf("%s: %v after %d attempts", what, err, asked)
		}
	}
}
