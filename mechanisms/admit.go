package mechanisms

import (
	"errors"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Admit tells whether this kernel carries a link of m that is asked for like
// this: nil, or an *UnsupportedError with the number or the sentence that says
// why not.
func (m *Mechanism) Admit(s Spec) error {
	if m.Needs != nil {
		if err := m.Needs(); err != nil {
			return err
		}
	}
	if why := m.lacks(s); why != "" {
		return &UnsupportedError{Mechanism: m.Name, What: why}
	}
	limits, err := m.Limits(s.Queue)
	if err != nil {
		return err
	}
	if err := limits.Admit(m.Name, s); err != nil || s.Memory == "" || m.Room == nil {
		return err
	}
	return m.Room(s)
}

// lacks says what m does not do at all that is asked for: "" where it does.
func (m *Mechanism) lacks(s Spec) string {
	switch {
	case s.Wait != "" && m.Scheduled:
		return "wait " + s.Wait + ": Go's scheduler waits for its ends, by epoll"
	case s.Wait != "" && !m.Polls:
		return "wait " + s.Wait + ": its ends are no descriptors that poll(2) could wait for"
	case s.Batch > 0 && !m.Batches:
		return "batch: no call of its hands over several messages"
	case s.Lend && !m.Lends:
		return "copy 0: a message is copied on its way, and neither side can work where it lies"
	case s.Memory != "" && !slices.Contains(m.Memories, s.Memory):
		return "memory " + s.Memory + ": it has no memory of a kind that can be chosen"
	}
	return ""
}

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
