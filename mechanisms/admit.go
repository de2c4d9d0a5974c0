package mechanisms

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Remembered asks needs until this kernel has said yes or no, which holds as
// long as the process lives. That descriptors or memory are short does not.
func Remembered(needs func() error) func() error {
	var mu sync.Mutex
	var known bool
	var answer error
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		if !known {
			answer = needs()
			known = answer == nil || errors.Is(answer, errors.ErrUnsupported)
		}
		return answer
	}
}

// BuiltWith is the Needs of a mechanism that a kernel may be built without:
// touch makes a call that changes nothing, and that such a kernel does not
// have, nor the file.
func BuiltWith(mech, config, file, man string, touch func() error) func() error {
	return func() error {
		err := touch()
		_, absent := os.Stat(file)
		switch {
		case errors.Is(err, unix.ENOSYS) && absent != nil:
			return &UnsupportedError{Mechanism: mech, What: "this kernel was built without " + config + ": no " + file + ", " + man}
		case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
			return &UnsupportedError{Mechanism: mech, What: "the call is filtered (" + err.Error() + "), seccomp(2)"}
		}
		return nil
	}
}
