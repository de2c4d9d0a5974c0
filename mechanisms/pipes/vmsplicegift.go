package pipes

import (
	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// The same with pages that are the kernel's from then on: the sender never
// writes to them again, and takes new ones.
var _ = register(0, mechanisms.Mechanism{
	Name:         "vmsplicegift",
	VariantOf:    "pipe",
	Summary:      "pages given away for good through a pipe, SPLICE_F_GIFT, read by copying",
	Man:          vmspliceMan,
	Framing:      mechanisms.Stream,
	Since:        "2.6.27", // pipe2
	WorksInPlace: true,
	Facts: mechanisms.Facts{
		Kernel: "A vmsplice(2) with SPLICE_F_GIFT marks the slots of the pipe (PIPE_BUF_FLAG_GIFT), so that a splice(2) with SPLICE_F_MOVE may take the pages themselves (user_page_pipe_buf_try_steal). " +
			"A read(2) copies out of them all the same. " +
			"A page that was given must never be written to again: the sender drops its own reference (madvise(2), MADV_DONTNEED), and the next write to the address takes a page fault and a new page of zeroes.",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "vmsplice", Own: 1, Also: []string{"madvise"}}, Object: "pages given to a pipe",
			Receive: mechanisms.Hop{Call: "read", Kernel: 1},
		},
		Traits: vmspliceTraits,
		Cautions: []mechanisms.Caution{
			{Text: "the sender may never write to a page again that it has given: new ones cost a page fault each", Man: "vmsplice(2)", Silent: true},
			{Text: "the flag is a hint that helps only a reader that splices with SPLICE_F_MOVE, which has done nothing since Linux 2.6.21 but for FUSE", Man: "splice(2)"},
			{Text: "address and length must be multiples of a page, or the page can only be copied", Man: "vmsplice(2)"},
			wholeSlots,
			breaks,
		},
	},
	Limits:       vmspliceLimits,
	OpenSender:   opensVmsplice("vmsplicegift", unix.SPLICE_F_GIFT),
	OpenReceiver: descriptor.OpensInPlace("vmsplicegift"),
})
