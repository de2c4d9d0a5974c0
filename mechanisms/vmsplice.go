package mechanisms

import "golang.org/x/sys/unix"

// A pipe that the sender hands its own pages instead of having them copied.
// The receiver reads, which copies.
var _ = Register(Mechanism{
	Name:    "vmsplice",
	Summary: "the sender's own pages through a pipe, read by copying",
	Man:     vmspliceMan,
	Framing: Stream,
	Since:   "2.6.27", // pipe2
	EOF:     true,
	Lends:   true,
	Facts: Facts{
		Kernel: "A vmsplice(2) enters vmsplice_to_pipe in fs/splice.c, which takes a reference to each page of the message (iov_iter_get_pages2) and hangs it on a slot of the pipe of its own: nothing is copied. " +
			"A read(2) enters pipe_read, which copies straight out of the sender's pages and drops the references. " +
			"Nobody tells the sender when, so that it must count: its pages go round in a pool that holds one piece more than the pipe has slots for.",
		Path: Path{
			Send: Hop{Call: "vmsplice", Own: 1}, Object: "the sender's pages, in a pipe",
			Receive: Hop{Call: "read", Kernel: 1},
		},
		Gone:   "EPIPE",
		Traits: vmspliceTraits,
		Cautions: []Caution{
			changesUnderReader,
			{"nobody is told when a page may be used again: the sender must know how many are on their way", "vmsplice(2)"},
			wholeSlots,
			breaks,
		},
	},
	Limits:       vmspliceLimits,
	New:          func(s Spec) (*Link, error) { return newPipe("vmsplice", s, 0) },
	Capacity:     pipeCapacity,
	Uses:         pipeUses,
	Usual:        usualPipe,
	OpenSender:   opensVmsplice("vmsplice", 0),
	OpenReceiver: openReader("vmsplice"),
})

// The same with pages that are the kernel's from then on: the sender never
// writes to them again, and takes new ones.
var _ = Register(Mechanism{
	Name:    "vmsplicegift",
	Summary: "pages given away for good through a pipe, SPLICE_F_GIFT, read by copying",
	Man:     vmspliceMan,
	Framing: Stream,
	Since:   "2.6.27", // pipe2
	EOF:     true,
	Lends:   true,
	Facts: Facts{
		Kernel: "A vmsplice(2) with SPLICE_F_GIFT marks the slots of the pipe (PIPE_BUF_FLAG_GIFT), so that a splice(2) with SPLICE_F_MOVE may take the pages themselves (user_page_pipe_buf_try_steal). " +
			"A read(2) copies out of them all the same. " +
			"A page that was given must never be written to again: the sender drops its own reference (madvise(2), MADV_DONTNEED), and the next write to the address takes a page fault and a new page of zeroes.",
		Path: Path{
			Send: Hop{Call: "vmsplice", Own: 1, Also: []string{"madvise"}}, Object: "pages given to a pipe",
			Receive: Hop{Call: "read", Kernel: 1},
		},
		Gone:   "EPIPE",
		Traits: vmspliceTraits,
		Cautions: []Caution{
			{"the sender may never write to a page again that it has given: new ones cost a page fault each", "vmsplice(2)"},
			{"the flag is a hint that helps nobody but a reader that splices with SPLICE_F_MOVE, which has done nothing since Linux 2.6.21 but for FUSE", "splice(2)"},
			{"address and length must be multiples of a page, or the page can only be copied", "vmsplice(2)"},
			wholeSlots,
			breaks,
		},
	},
	Limits:       vmspliceLimits,
	New:          func(s Spec) (*Link, error) { return newPipe("vmsplicegift", s, 0) },
	Capacity:     pipeCapacity,
	Uses:         pipeUses,
	Usual:        usualPipe,
	OpenSender:   opensVmsplice("vmsplicegift", unix.SPLICE_F_GIFT),
	OpenReceiver: openReader("vmsplicegift"),
})

var (
	vmspliceMan        = []string{"vmsplice(2)", "pipe(7)", "splice(2)"}
	changesUnderReader = Caution{"what is written to a page before the reader has read it, the reader reads", "vmsplice(2)"}
	wholeSlots         = Caution{"a message takes whole pages of the pipe's capacity, however short it is", "pipe(7)"}
)

var vmspliceTraits = func() Traits {
	t := pipeTraits
	t.Atomic = said("not promised at any size", "vmsplice(2)")
	t.Capacity = trait("16 pages, the sender's own", "P21", "Z03")
	return t
}()

func vmspliceLimits(queue int) (Limits, error) {
	l, err := pipeLimits(queue)
	l.Atomic = Limit{N: 1, Source: "vmsplice(2)", Beyond: "no page says that a call adds all of its pages at once, vmsplice(2)"}
	return l, err
}
