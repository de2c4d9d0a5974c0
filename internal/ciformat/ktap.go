package ciformat

import (
	"fmt"
	"io"
	"strings"

	"ipcbench/results"
)

// KTAP writes the format of the kernel's own tests, version 1
// (Documentation/dev-tools/ktap.rst). The first error of the writer stays in Err.
type KTAP struct {
	W      io.Writer
	Indent string // two spaces a level of subtests
	Err    error
}

// Plan begins n tests, with notes about all of them.
func (k *KTAP) Plan(n int, notes ...string) {
	k.line("KTAP version 1")
	for _, s := range notes {
		k.Note("%s", s)
	}
	k.line("1..%d", n)
}

// Note is a line that is no result.
func (k *KTAP) Note(format string, args ...any) { k.line("# %s", inLine(fmt.Sprintf(format, args...))) }

// Result is test n, from 1. A skipped one may have a reason.
func (k *KTAP) Result(n int, name string, o Outcome, reason string) {
	result, directive := "ok", ""
	switch o {
	case Failed, Errored:
		result = "not ok"
	case Expected:
		directive = strings.TrimRight(" # XFAIL "+inLine(reason), " ")
	case Skipped:
		directive = strings.TrimRight(" # SKIP "+inLine(reason), " ")
	}
	k.line("%s %d %s%s", result, n, inLine(name), directive)
}

func (k *KTAP) line(format string, args ...any) {
	if k.Err == nil {
		_, k.Err = fmt.Fprintf(k.W, k.Indent+format+"\n", args...)
	}
}

// inLine makes text harmless in a line, where # begins a directive.
func inLine(s string) string { return strings.ReplaceAll(results.Quote(s), "#", "") }
