package mechanisms

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// memfdSender has a pool of files, which come back in the order in which they
// went: there is one receiver.
type memfdSender struct {
	descriptor
	parcel  *sys.Parcel
	size    int // bytes in a message
	files   []mappedFile
	next    int    // the file of the next message
	waiting int    // files that have not come back
	done    []byte // what comes back
}

// mappedFile is a file of memory, mapped.
type mappedFile struct {
	fd     int
	memory []byte
}

func openMemfdSender(t Ticket) (Sender, error) {
	fd, err := duplicate("memfdpass", t)
	if err != nil {
		return nil, err
	}
	d := descriptor{mechanism: "memfdpass", fd: fd}
	n, _ := filesFor(t.Spec)
	s := &memfdSender{descriptor: d, parcel: sys.NewParcel(), size: t.Spec.Size, done: make([]byte, n)}
	for range n {
		f, err := newMappedFile(s.size)
		if err != nil {
			return nil, failed("open", "memfdpass", s.size, errors.Join(err, s.Close()))
		}
		runtime.AddCleanup(s, unmap, f.memory)
		s.files = append(s.files, f)
	}
	return s, nil
}

// newMappedFile makes a file that keeps its length, so that whoever maps it is safe
// from SIGBUS, and writes to every page of it.
func newMappedFile(size int) (f mappedFile, err error) {
	f.fd, err = unix.MemfdCreate("ipcbench-message", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return f, os.NewSyscallError("memfd_create", err)
	}
	if err = os.NewSyscallError("ftruncate", unix.Ftruncate(f.fd, int64(size))); err == nil {
		_, err = unix.FcntlInt(uintptr(f.fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW)
		err = os.NewSyscallError("fcntl", err)
	}
	if err == nil {
		f.memory, err = sys.Mmap(f.fd, size)
	}
	if err != nil {
		return f, errors.Join(err, unix.Close(f.fd))
	}
	clear(f.memory)
	return f, nil
}

// Close closes the socket and the files. What is on its way keeps its file.
func (s *memfdSender) Close() error {
	errs := []error{s.descriptor.Close()}
	for _, f := range s.files {
		errs = append(errs, sys.Vacate(f.memory), os.NewSyscallError("close", unix.Close(f.fd)))
	}
	return errors.Join(errs...)
}

func (s *memfdSender) Send(p []byte) error {
	if len(p) != s.size {
		return failed("send", s.mechanism, len(p), errLength(len(p), s.size))
	}
	memory, err := s.Loan()
	if err != nil {
		return err
	}
	copy(memory, p)
	return s.SendLoan()
}

// Loan waits until a file has come back, if all are away. A receiver that has
// gone sends none back: SendLoan then says so.
func (s *memfdSender) Loan() ([]byte, error) {
	if s.waiting == len(s.files) {
		n, err := sys.Read(s.fd, s.done)
		if err != nil && !errors.Is(err, unix.ECONNRESET) {
			return nil, failed("send", s.mechanism, s.size, err)
		}
		s.waiting -= n
	}
	return s.files[s.next].memory, nil
}

func (s *memfdSender) SendLoan() error {
	if err := s.parcel.Send(s.fd, s.files[s.next].fd); err != nil {
		return failed("send", s.mechanism, s.size, err)
	}
	s.waiting++
	if s.next++; s.next == len(s.files) {
		s.next = 0
	}
	return nil
}

// Fill sends without blocking, as a descriptor's Fill does.
func (s *memfdSender) Fill(p []byte) (whole int, err error) {
	if err := unix.SetNonblock(s.fd, true); err != nil {
		return 0, failed("send", s.mechanism, len(p), os.NewSyscallError("fcntl", err))
	}
	defer func() { err = errors.Join(err, os.NewSyscallError("fcntl", unix.SetNonblock(s.fd, false))) }()
	for ; ; whole++ {
		if err := s.Send(p); errors.Is(err, unix.EAGAIN) {
			return whole, nil
		} else if err != nil {
			return whole, err
		}
	}
}
