package mechanisms

import (
	"errors"
	"slices"
	"sync"
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
	if err := limits.Admit(m.Name, s); err != nil || s.Memory == "" {
		return err
	}
	return memories[s.Memory].admit(s)
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

// remembered asks needs until this kernel has said yes or no, which holds as
// long as the process lives. That descriptors or memory are short does not.
func remembered(needs func() error) func() error {
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
