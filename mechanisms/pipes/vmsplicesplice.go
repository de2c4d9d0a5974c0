package pipes

import (
	"errors"
	"io"
	"runtime"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sharedmem"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// A splice(2) brings bytes to a descriptor, not to a process. One that wants to
// look at them splices into a file that it has mapped: this is what that costs.
var _ = register(0, mechanisms.Mechanism{
	Name:         "vmsplicesplice",
	VariantOf:    "pipe",
	Summary:      "the sender's own pages through a pipe, spliced into a memfd that the receiver maps",
	Man:          []string{"vmsplice(2)", "splice(2)", "memfd_create(2)", "pipe(7)"},
	Framing:      mechanisms.Stream,
	Since:        "3.17", // memfd_create
	WorksInPlace: true,
	Facts: mechanisms.Facts{
		Kernel: "A vmsplice(2) hangs the sender's pages on slots of the pipe, as for a receiver that reads. " +
			"A splice(2) to a file enters iter_file_splice_write in fs/splice.c, which copies the bytes into the pages of the file: taking over the pages themselves (SPLICE_F_MOVE) has done nothing since Linux 2.6.21. " +
			"The receiver has the file mapped and finds the message there.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "vmsplice", Own: 1}, Object: "the sender's pages, in a pipe",
			Receive: mechanisms.Hop{Call: "splice", Kernel: 1, Own: 1},
		},
		Traits: vmspliceTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a splice into a file copies, and takes the file's locks and accounting besides: a read(2) into one's own memory is less work", Man: "splice(2)"},
			changesUnderReader,
			{Text: "a splice moves what is there, which may be part of a message", Man: "splice(2)"},
			wholeSlots,
			breaks,
		},
	},
	Limits:       vmspliceLimits,
	OpenSender:   opensVmsplice("vmsplicesplice", 0),
	OpenReceiver: openSplicer,
})

// splicer has a file of the size of a message.
type splicer struct {
	descriptor.End
	file   int
	memory []byte // the file, mapped
	at     int64  // how much of the message is in the file
}

func openSplicer(t mechanisms.Ticket) (mechanisms.Receiver, error) {
	fd, err := descriptor.Duplicate("vmsplicesplice", t)
	if err != nil {
		return nil, err
	}
	d := descriptor.End{Mechanism: "vmsplicesplice", Num: fd}
	r := &splicer{End: d}
	if r.file, err = sys.MemfdCreate("ipcbench-splice", t.Spec.Size); err == nil {
		if r.memory, err = sys.Mmap(r.file, t.Spec.Size); err != nil {
			err = errors.Join(err, unix.Close(r.file))
		}
	}
	if err != nil {
		return nil, mechanisms.Failed("open", d.Mechanism, t.Spec.Size, errors.Join(err, d.Close()))
	}
	runtime.AddCleanup(r, sharedmem.Free, r.memory)
	clear(r.memory) // so that the file has its pages
	return r, nil
}

func (r *splicer) Close() error {
	return errors.Join(r.End.Close(), sys.Vacate(r.memory), sys.Close(r.file))
}

// Peek brings the next message into the file. The end of the stream inside a
// message is io.ErrUnexpectedEOF.
func (r *splicer) Peek() ([]byte, error) {
	size := len(r.memory)
	for r.at = 0; r.at < int64(size); { // which splice moves on
		rest := size - int(r.at)
		n, err := sys.Splice(r.Num, r.file, &r.at, rest)
		if err == nil {
			_, err = remaining(rest, n, size)
		}
		switch {
		case err == io.EOF:
			return nil, err
		case err != nil:
			return nil, mechanisms.Failed("recv", r.Mechanism, size, err)
		}
	}
	return r.memory, nil
}

func (r *splicer) Release() error { return nil }

// Recv takes the message out of the file.
func (r *splicer) Recv(p []byte) error {
	if len(p) != len(r.memory) {
		return mechanisms.Failed("recv", r.Mechanism, len(p), mechanisms.WrongLength(len(r.memory), len(p)))
	}
	m, err := r.Peek()
	copy(p, m)
	runtime.KeepAlive(r)
	return err
}
