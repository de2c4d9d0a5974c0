package mechanisms

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Each message is a file in memory whose descriptor is passed. The files go
// round: a receiver says that it is done with one by a byte the other way.
var _ = Register(Mechanism{
	Name:    "memfdpass",
	Summary: "a memfd for each message, its descriptor passed over a UNIX domain socket",
	Man:     []string{"unix(7)", "memfd_create(2)", "socketpair(2)"},
	Framing: Packet,
	Since:   "3.17",
	EOF:     true,
	Lends:   true,
	Facts: Facts{
		Kernel: "The sender writes the message into a file of memory (memfd_create(2)) that it has mapped, one of a pool that is made beforehand and used again and again. " +
			"A sendmsg(2) with SCM_RIGHTS enters unix_stream_sendmsg, which takes a reference to the file (unix_attach_fds) and queues it with one byte; recvmsg(2) puts it into the receiver's table of descriptors (scm_detach_fds). " +
			"The receiver reads the file by pread(2), closes its descriptor and writes one byte back, which frees the file for the next message.",
		Path: Path{
			Send: Hop{Call: "sendmsg", Own: 1, Waits: []string{"read"}}, Object: "a file of memory",
			Receive: Hop{Call: "recvmsg", Kernel: 1, Also: []string{"pread64", "close", "write"}},
		},
		Gone:   "EPIPE",
		Traits: memfdpassTraits,
		Cautions: []Caution{
			{"who keeps a mapping can go on writing to a file that was passed: only F_SEAL_WRITE rules it out, and that ends its use for other messages", "memfd_create(2)"},
			{"who maps what it is passed is killed by SIGBUS where the file is shorter, unless F_SEAL_SHRINK is set, as here", "memfd_create(2)"},
			{"descriptors on their way count against RLIMIT_NOFILE of the sender's user: ETOOMANYREFS", "unix(7)"},
			{"a receiver whose table of descriptors is full gets the byte, and no file", "unix(7)"},
			{"each message costs a place in a table, to fill and to clear, however short it is", "unix(7)"},
		},
	},
	Limits:       memfdpassLimits,
	New:          newMemfdpass,
	Capacity:     ownCapacity,
	OpenSender:   openMemfdSender,
	OpenReceiver: openMemfdReceiver,
})

var memfdpassTraits = func() Traits {
	t := socketpairTraits
	t.Atomic = said("whole messages", "memfd_create(2)")
	t.Message = said("what a file in memory holds", "memfd_create(2)")
	t.Capacity = said("the sender's pool of files", "memfd_create(2)")
	return t
}()

// mostFiles is how many files a pool has at most. A send buffer of the usual
// size holds about 270 messages of one byte, and a usual RLIMIT_NOFILE 1024
// descriptors.
const mostFiles = 256

// otherFiles is how many descriptors a process has besides a pool's: an end takes
// two, a worker a dozen, and a test some 40.
const otherFiles = 64

func memfdpassLimits(int) (Limits, error) {
	queue := Limit{N: mostFiles * os.Getpagesize(), Source: "256 files of a page", Beyond: "as many as SO_SNDBUF and RLIMIT_NOFILE are sure to hold on their way, unix(7)"}
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return Limits{}, os.NewSyscallError("getrlimit", err)
	}
	if r.Cur < mostFiles+otherFiles {
		queue = Limit{N: max(2, int(r.Cur)-otherFiles) * os.Getpagesize(), Source: fmt.Sprintf("RLIMIT_NOFILE of %d", r.Cur),
			Beyond: fmt.Sprintf("a file for each page, and %d descriptors for what else a process has, getrlimit(2)", otherFiles), Errno: unix.EMFILE}
	}
	return Limits{
		Queue:   queue,
		Senders: Limit{N: 1, Source: "one pool", Beyond: "which sender's file is free again a byte does not tell, unix(7)"},

		Receivers: Limit{N: 1, Source: "one pool", Beyond: "files would not come back in the order in which they went, unix(7)"},
	}, nil
}

// filesFor is how many files hold what s asks for; by default 64 KiB, and two
// at least, so that sender and receiver need not alternate.
func filesFor(s Spec) (files, each int) {
	page := os.Getpagesize()
	each = (s.Size + page - 1) &^ (page - 1)
	if s.Queue == 0 {
		return max(2, ringDefault/each), each
	}
	return (s.Queue + each - 1) / each, each
}

func newMemfdpass(s Spec) (*Link, error) {
	limits, _ := memfdpassLimits(s.Queue)
	if s.Queue > limits.Queue.N {
		return nil, &UnsupportedError{Mechanism: "memfdpass", What: "queue", Value: s.Queue, Limit: limits.Queue}
	}
	p, err := socketPair(unix.SOCK_STREAM)
	if err != nil {
		return nil, failed("make", "memfdpass", s.Size, err)
	}
	files, each := filesFor(s)
	return &Link{
		Mechanism: "memfdpass",
		Given:     Given{Queue: files * each, Source: "files of the sender"},
		FDs:       []int{p[0], p[1]},
		Sender:    Ticket{Spec: s, FDs: []int{p[0]}},
		Receiver:  Ticket{Spec: s, FDs: []int{p[1]}},
	}, nil
}

type memfdReceiver struct {
	descriptor
	parcel *sys.Parcel
	done   [1]byte
}

func openMemfdReceiver(t Ticket) (Receiver, error) {
	fd, err := duplicate("memfdpass", t)
	if err != nil {
		return nil, err
	}
	d := descriptor{mechanism: "memfdpass", fd: fd}
	return lent(&memfdReceiver{descriptor: d, parcel: sys.NewParcel()}, t.Spec), nil
}

// Recv reads what it is passed, into the spare byte too: a longer file gives
// one byte more.
func (r *memfdReceiver) Recv(p []byte) error {
	fd, err := r.parcel.Receive(r.fd)
	if errors.Is(err, unix.ECONNRESET) { // the sender has closed and not read all that came back, which is told once
		fd, err = r.parcel.Receive(r.fd)
	}
	if err == nil && fd < 0 {
		return io.EOF
	}
	if err == nil {
		var n int
		n, err = sys.PreadStart(fd, p[:len(p)+1])
		if err == nil && n != len(p) {
			err = errLength(n, len(p))
		}
		err = errors.Join(err, sys.Close(fd))
	}
	if err == nil {
		// A sender that has closed needs nothing back.
		if _, e := sys.Write(r.fd, r.done[:]); !errors.Is(e, unix.EPIPE) && !errors.Is(e, unix.ECONNRESET) {
			err = e
		}
	}
	if err != nil {
		return failed("recv", r.mechanism, len(p), err)
	}
	return nil
}
