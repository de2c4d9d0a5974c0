package sys

import (
	"testing"

	"golang.org/x/sys/unix"
)

// As many processes as are asked for start where nothing limits them, and none is
// left.
func TestSpare(t *testing.T) {
	const n = 5
	if spare, err := Spare(n); spare != n || err != nil {
		t.Errorf("%d of %d, %v", spare, n, err)
	}
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Errorf("process %d is left: %v", pid, err)
	}
	must(t, Polls())
}
