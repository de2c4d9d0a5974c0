package mechanisms

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// What a kernel lacks is asked once; what is short for now is asked again.
func TestRemembered(t *testing.T) {
	lacking := &UnsupportedError{Mechanism: "m", What: "all of it"}
	for _, last := range []error{nil, lacking} {
		answers := []error{unix.EMFILE, unix.ENOMEM, last, errors.New("asked again")}
		needs := Remembered(func() error {
			answer := answers[0]
			answers = answers[1:]
			return answer
		})
		for i, want := range []error{unix.EMFILE, unix.ENOMEM, last, last, last} {
			if got := needs(); got != want {
				t.Errorf("%d: %v, not %v", i, got, want)
			}
		}
	}
}
