package pipes

import (
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// The same where the process that passes messages on keeps a copy.
var _ = register(0, mechanisms.Mechanism{
	Name:      "tee",
	VariantOf: "pipe",
	Summary:   "byte stream through a pipe, duplicated into the next one by the process that passes it on",
	Man:       []string{"tee(2)", "splice(2)", "pipe(7)"},
	Framing:   mechanisms.Stream,
	Since:     "2.6.27", // pipe2
	Relays:    true,
	Facts: mechanisms.Facts{
		Kernel: "A write(2) copies the message into pages of the first pipe, and a read(2) copies it out of the last one, as with any pipe. " +
			"In between a tee(2) enters link_pipe in fs/splice.c, which gives slots of the next pipe a reference to the same pages and consumes nothing. " +
			"What it has given is then read from the first pipe, by copying, and checked, while the next process may have it already.",
		Path: mechanisms.Path{
			Send: pipePath.Send, Object: pipePath.Object, Receive: pipePath.Receive,
			Relay: mechanisms.Hop{Call: "tee", Kernel: 1, Also: []string{"read"}},
		},
		Traits: spliceTraits("Z02"),
		Cautions: []mechanisms.Caution{
			{Text: "tee(2) consumes nothing: what it has duplicated must be read or spliced away, exactly, before the next call", Man: "tee(2)"},
			{Text: "a copy that is found wrong cannot be called back: the next process has it already", Man: "tee(2)"},
			{Text: "a call duplicates what is there, which may be part of a message", Man: "tee(2)"},
			interleaves,
			breaks,
		},
	},
	OpenSender:   descriptor.Opens("tee", func(d descriptor.End) mechanisms.Sender { return &teeSender{descriptor.StreamSender{End: d}} }),
	OpenReceiver: descriptor.Opens("tee", descriptor.RecvStream),
})
