package runner

import "slices"

// prepare starts the launch that comes next, where it is known, while the one
// before ends: nobody measures then, and two CPUs do both at once. Why it can't
// be started is told when it is asked for.
func (s *session) prepare(o *openRequest) {
	if o != nil {
		s.next, _ = s.start(o)
	}
}

// take makes the launch that was prepared the one that is open, if it is the
// one that is asked for; else nothing is left of it: nil. One that could not
// attach is not blamed for it, since the one before may have been in its way,
// with what it held.
func (s *session) take(o *openRequest) *openedReply {
	l := s.next
	if l == nil || l.asked.Cell != o.Cell || !slices.Equal(l.asked.CPUs, o.CPUs) {
		s.drop()
		return nil
	}
	s.next = nil
	opened, _ := s.attach(l)
	return opened
}

// drop ends the launch that was prepared, if one was.
func (s *session) drop() {
	if s.next != nil {
		s.next.abort()
		s.next = nil
	}
}
