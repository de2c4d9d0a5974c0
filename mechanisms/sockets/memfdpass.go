package sockets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sharedmem"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// Each message is a file in memory whose descriptor is passed. The files go
// round: a receiver returns one by a byte the other way.
var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:         "memfdpass",
	Summary:      "a memfd for each message, its descriptor passed over a UNIX domain socket",
	Family:       mechanisms.UnixSockets,
	Man:          []string{"unix(7)", "memfd_create(2)", "socketpair(2)"},
	Framing:      mechanisms.Packet,
	Since:        "3.17",
	EOF:          true,
	WorksInPlace: true,
	Facts: mechanisms.Facts{
		Kernel: "The sender writes the message into a file of memory (memfd_create(2)) that it has mapped. The file is one of a pool that is made beforehand and used again and again. " +
			"A sendmsg(2) with SCM_RIGHTS enters unix_stream_sendmsg, which takes a reference to the file (unix_attach_fds) and queues it with one byte; recvmsg(2) puts it into the receiver's table of descriptors (scm_detach_fds). " +
			"The receiver reads the file by pread(2), closes its descriptor and writes one byte back, which frees the file for the next message.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "sendmsg", Own: 1, Waits: []string{"read"}}, Object: "a file of memory",
			Receive: mechanisms.Hop{Call: "recvmsg", Kernel: 1, Also: []string{"pread64", "close", "write"}},
		},
		Gone:   "EPIPE",
		Traits: memfdpassTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a process that keeps a mapping can go on writing to a file that was passed: only F_SEAL_WRITE rules it out, and that ends its use for other messages", Man: "memfd_create(2)", Silent: true},
			{Text: "a process that maps what it is passed is killed by SIGBUS where the file is shorter, unless F_SEAL_SHRINK is set, as here", Man: "memfd_create(2)"},
			{Text: "descriptors on their way count against RLIMIT_NOFILE of the sender's user: ETOOMANYREFS", Man: "unix(7)"},
			{Text: "a receiver whose table of descriptors is full gets the byte, and no file", Man: "unix(7)"},
			{Text: "each message costs a place in a table, to fill and to clear, however short it is", Man: "unix(7)"},
		},
	},
	Limits:       memfdpassLimits,
	New:          newMemfdpass,
	Capacity:     mechanisms.OwnCapacity,
	OpenSender:   openMemfdSender,
	OpenReceiver: openMemfdReceiver,
})

var memfdpassTraits = func() mechanisms.Traits {
	t := socketpairTraits
	t.Atomic = mechanisms.Documented("whole messages", "memfd_create(2)")
	t.Message = mechanisms.Documented("what a file in memory holds", "memfd_create(2)")
	t.Capacity = mechanisms.Documented("the sender's pool of files", "memfd_create(2)")
	return t
}()

// mostFiles is how many files a pool has at most. A send buffer of the usual
// size holds about 270 messages of one byte, and a usual RLIMIT_NOFILE 1024
// descriptors.
const mostFiles = 256

// otherFiles is how many descriptors a process has besides a pool's: an end takes
// two, a worker a dozen, and a test some 40.
const otherFiles = 64

func memfdpassLimits(int) (mechanisms.Limits, error) {
	queue := mechanisms.Limit{N: mostFiles * os.Getpagesize(), Source: "256 files of a page", Beyond: "as many as SO_SNDBUF and RLIMIT_NOFILE are sure to hold on their way, unix(7)"}
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return mechanisms.Limits{}, os.NewSyscallError("getrlimit", err)
	}
	if r.Cur < mostFiles+otherFiles {
		queue = mechanisms.Limit{N: max(2, int(r.Cur)-otherFiles) * os.Getpagesize(), Source: fmt.Sprintf("RLIMIT_NOFILE of %d", r.Cur),
			Beyond: fmt.Sprintf("a file for each page, and %d descriptors for what else a process has, getrlimit(2)", otherFiles), Errno: unix.EMFILE}
	}
	return mechanisms.Limits{
		Queue:   queue,
		Senders: mechanisms.Limit{N: 1, Source: "one pool", Beyond: "a byte does not show which sender's file is free again, unix(7)"},

		Receivers: mechanisms.Limit{N: 1, Source: "one pool", Beyond: "files would not come back in the order in which they went, unix(7)"},
	}, nil
}

// filesFor is how many files hold what s asks for; by default 64 KiB, and two
// at least, so that sender and receiver need not alternate.
func filesFor(s mechanisms.Spec) (files, each int) {
	page := os.Getpagesize()
	each = (s.Size + page - 1) &^ (page - 1)
	if s.Queue == 0 {
		return max(2, mechanisms.DefaultQueue/each), each
	}
	return (s.Queue + each - 1) / each, each
}

func newMemfdpass(s mechanisms.Spec) (*mechanisms.Link, error) {
	limits, _ := memfdpassLimits(s.Queue)
	if s.Queue > limits.Queue.N {
		return nil, &mechanisms.UnsupportedError{Mechanism: "memfdpass", What: "queue", Value: s.Queue, Limit: limits.Queue}
	}
	p, err := socketPair(unix.SOCK_STREAM)
	if err != nil {
		return nil, mechanisms.Failed("make", "memfdpass", s.Size, err)
	}
	files, each := filesFor(s)
	return &mechanisms.Link{
		Mechanism: "memfdpass",
		Given:     mechanisms.Given{Queue: files * each, Source: "files of the sender"},
		FDs:       []int{p[0], p[1]},
		Sender:    mechanisms.Ticket{Spec: s, FDs: []int{p[0]}},
		Receiver:  mechanisms.Ticket{Spec: s, FDs: []int{p[1]}},
	}, nil
}

type memfdReceiver struct {
	descriptor.End
	parcel *sys.Parcel
	done   [1]byte
}

func openMemfdReceiver(t mechanisms.Ticket) (mechanisms.Receiver, error) {
	fd, err := descriptor.Duplicate("memfdpass", t)
	if err != nil {
		return nil, err
	}
	d := descriptor.End{Mechanism: "memfdpass", Num: fd}
	return descriptor.InPlace(&memfdReceiver{End: d, parcel: sys.NewParcel()}, t.Spec), nil
}

// Recv reads what it is passed, into the spare byte too: a longer file gives
// one byte more.
func (r *memfdReceiver) Recv(p []byte) error {
	fd, err := r.parcel.Receive(r.Num)
	if errors.Is(err, unix.ECONNRESET) { // the sender has closed and not read all that came back, which is reported once
		fd, err = r.parcel.Receive(r.Num)
	}
	if err == nil && fd < 0 {
		return io.EOF
	}
	if err == nil {
		var n int
		n, err = sys.PreadStart(fd, p[:len(p)+1])
		if err == nil && n != len(p) {
			err = mechanisms.WrongLength(n, len(p))
		}
		err = errors.Join(err, sys.Close(fd))
	}
	if err == nil {
		// A sender that has closed needs nothing back.
		if _, e := sys.Write(r.Num, r.done[:]); !errors.Is(e, unix.EPIPE) && !errors.Is(e, unix.ECONNRESET) {
			err = e
		}
	}
	if err != nil {
		return mechanisms.Failed("recv", r.Mechanism, len(p), err)
	}
	return nil
}

// memfdSender has a pool of files, which come back in the order in which they
// went: there is one receiver.
type memfdSender struct {
	descriptor.End
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

func openMemfdSender(t mechanisms.Ticket) (mechanisms.Sender, error) {
	fd, err := descriptor.Duplicate("memfdpass", t)
	if err != nil {
		return nil, err
	}
	d := descriptor.End{Mechanism: "memfdpass", Num: fd}
	n, _ := filesFor(t.Spec)
	s := &memfdSender{End: d, parcel: sys.NewParcel(), size: t.Spec.Size, done: make([]byte, n)}
	for range n {
		f, err := newMappedFile(s.size)
		if err != nil {
			return nil, mechanisms.Failed("open", "memfdpass", s.size, errors.Join(err, s.Close()))
		}
		runtime.AddCleanup(s, sharedmem.Free, f.memory)
		s.files = append(s.files, f)
	}
	return s, nil
}

// newMappedFile makes a file that keeps its length, so that a process that maps it is safe
// from SIGBUS, and writes to every page of it.
func newMappedFile(size int) (f mappedFile, err error) {
	f.fd, err = unix.MemfdCreate("ipcbench-message", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return f, os.NewSyscallError("memfd_create", err)
	}
	if err = os.NewSyscallError("ftruncate", sys.Retry(func() error { return unix.Ftruncate(f.fd, int64(size)) })); err == nil {
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
	errs := []error{s.End.Close()}
	for _, f := range s.files {
		errs = append(errs, sys.Vacate(f.memory), os.NewSyscallError("close", unix.Close(f.fd)))
	}
	return errors.Join(errs...)
}

func (s *memfdSender) Send(p []byte) error {
	if len(p) != s.size {
		return mechanisms.Failed("send", s.Mechanism, len(p), mechanisms.WrongLength(len(p), s.size))
	}
	memory, err := s.Reserve()
	if err != nil {
		return err
	}
	copy(memory, p)
	return s.Commit()
}

// Reserve waits until a file has come back, if all are away. A receiver that has
// gone sends none back: Commit then reports it.
func (s *memfdSender) Reserve() ([]byte, error) {
	if s.waiting == len(s.files) {
		n, err := sys.Read(s.Num, s.done)
		if err != nil && !errors.Is(err, unix.ECONNRESET) {
			return nil, mechanisms.Failed("send", s.Mechanism, s.size, err)
		}
		s.waiting -= n
	}
	return s.files[s.next].memory, nil
}

func (s *memfdSender) Commit() error {
	if err := s.parcel.Send(s.Num, s.files[s.next].fd); err != nil {
		return mechanisms.Failed("send", s.Mechanism, s.size, err)
	}
	s.waiting++
	if s.next++; s.next == len(s.files) {
		s.next = 0
	}
	return nil
}

// Fill sends without blocking, as a descriptor's Fill does.
func (s *memfdSender) Fill(p []byte) (whole int, err error) {
	if err := unix.SetNonblock(s.Num, true); err != nil {
		return 0, mechanisms.Failed("send", s.Mechanism, len(p), os.NewSyscallError("fcntl", err))
	}
	defer func() { err = errors.Join(err, os.NewSyscallError("fcntl", unix.SetNonblock(s.Num, false))) }()
	for ; ; whole++ {
		if err := s.Send(p); errors.Is(err, unix.EAGAIN) {
			return whole, nil
		} else if err != nil {
			return whole, err
		}
	}
}

func (s *memfdSender) Keeps() (mechanisms.Given, error) {
	_, each := filesFor(mechanisms.Spec{Size: s.size})
	return mechanisms.Given{Queue: len(s.files) * each, Source: "files of the sender"}, nil
}
