package mechanisms

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// refused waits until it is worth while to try again, after so many attempts in
// a row that the kernel refused with a.
func (s *zerocopySender) refused(a sys.Attempt, times int) (err error) {
	filling := s.flags&unix.MSG_DONTWAIT != 0
	switch {
	case a.WouldBlock() && s.waiter != nil && !filling:
		err = s.wait(times)
	case a.NoBuffers() && !filling && (s.holds() || times <= ownPatience):
		err = s.waitForMemory(times)
	default:
		_, err = a.Result("sendto")
		if a.NoBuffers() && !filling {
			err = pinned(s.size).missing(s.mechanism, err)
		}
		return err
	}
	for told := true; told && err == nil; { // which would end the next wait at once
		told, err = s.notice()
	}
	return err
}

// holds tells whether pages of any buffer are under way.
func (s *zerocopySender) holds() bool {
	for i := range s.buffers {
		if s.buffers[i].held > 0 {
			return true
		}
	}
	return false
}

// pinned is what a message takes of what a user may lock, while it is under way.
func pinned(size int) scarce { return lockedMemory(size, unix.ENOBUFS, "getrlimit(2)") }

// ownPatience is how many milliseconds a sender that has nothing under way waits
// for memory: only others, or links that are closed, can have it locked.
const ownPatience = int(latest / time.Millisecond)

// waitForMemory waits until something that is under way has arrived, of this
// socket's or, for a millisecond, of anybody's.
func (s *zerocopySender) waitForMemory(times int) error {
	told, err := s.notice()
	switch {
	case told || err != nil:
		return err
	case s.holds():
		return s.noticed.wait(times)
	}
	return pinned(s.size).pause(func() error {
		_, err := sys.PollWithin(&unix.PollFd{Fd: int32(s.fd)}, time.Millisecond)
		return err
	})
}

// Fill sends without blocking, by a flag of each call, and is done when nothing
// more will be acknowledged before somebody receives.
func (s *zerocopySender) Fill(p []byte) (whole int, err error) {
	defer func(flags int) { s.flags = flags }(s.flags)
	s.flags |= unix.MSG_DONTWAIT
	for ; ; whole++ {
		room, err := s.settled()
		if err != nil || !room {
			return whole, err
		}
		switch err := s.Send(p); {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
			return whole, nil
		case err != nil:
			return whole, err
		}
	}
}

// longestDelay is more than TCP waits before it acknowledges what nobody has
// read, 40 ms as a rule and 200 ms at most.
const longestDelay = 300 * time.Millisecond

// settled waits until the next buffer is free, or will not be before somebody
// receives. It tells which.
func (s *zerocopySender) settled() (free bool, err error) {
	for s.buffers[s.at].held > 0 {
		moving, err := s.moving()
		if err == nil {
			var told bool
			if told, err = s.notice(); told {
				continue
			}
		}
		if err == nil && moving {
			moving, err = sys.PollWithin(&unix.PollFd{Fd: int32(s.fd)}, longestDelay)
		}
		if err != nil {
			return false, failed("send", s.mechanism, s.size, err)
		}
		if !moving {
			return false, nil
		}
	}
	return true, nil
}

// moving tells whether something is under way that the receiver's window has let
// out, so that it is acknowledged whether or not anybody receives.
func (s *zerocopySender) moving() (bool, error) {
	all, err := unix.IoctlGetInt(s.fd, unix.SIOCOUTQ)
	if err != nil {
		return false, os.NewSyscallError("ioctl", err)
	}
	unsent, err := unix.IoctlGetInt(s.fd, unix.SIOCOUTQNSD)
	return all > unsent, os.NewSyscallError("ioctl", err)
}
