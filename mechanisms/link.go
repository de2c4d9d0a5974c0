package mechanisms

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Link is one one-way path, as the process that made it holds it. Its two
// tickets go to the processes that open its ends.
//
// What a link leaves in the kernel is data, not code: descriptors and
// objects. So every mechanism is released, destroyed and journalled alike.
type Link struct {
	Mechanism string
	Given     Given
	Sender    Ticket
	Receiver  Ticket
	FDs       []int    // descriptors that the maker holds until Release
	Objects   []Object // what outlives the process that made it
}

// Release gives up what only the opening of ends needed, once all have
// attached: descriptors are closed, paths unlinked, segments marked for
// removal, so that they go with the last process that uses them.
func (l *Link) Release() error {
	errs := l.closeFDs()
	for _, o := range l.Objects {
		if o.AtRelease {
			errs = append(errs, o.Remove())
		}
	}
	return errors.Join(errs...)
}

// Destroy removes whatever is left of the link. It may be called in any
// process that may touch the objects, any number of times, after any crash.
func (l *Link) Destroy() error {
	errs := l.closeFDs()
	for _, o := range l.Objects {
		errs = append(errs, o.Remove())
	}
	return errors.Join(errs...)
}

func (l *Link) closeFDs() (errs []error) {
	for _, fd := range l.FDs {
		errs = append(errs, os.NewSyscallError("close", unix.Close(fd)))
	}
	l.FDs = nil
	return errs
}
