package semantics

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"ipcbench/results"
)

// WriteKTAP writes KTAP version 1, which kernel developers' tools read: a line
// a statement. What was recorded counts as passed, what is broken as failed.
func (r *Report) WriteKTAP(w io.Writer) error {
	fmt.Fprintf(w, "KTAP version 1\n# %s\n1..%d\n", ktap(r.Host.Strip()), len(r.Findings))
	for i := range r.Findings {
		f := &r.Findings[i]
		result, directive := "ok", ""
		switch f.Verdict {
		case Differs, Broken:
			result = "not ok"
			fmt.Fprintf(w, "# %s %s\n#   expected: %s\n#   %s: %s\n#   source: %s\n", ktap(f.ID), ktap(f.Statement), ktap(f.Expect), f.Verdict, ktap(f.Outcome()), ktap(f.Source))
		case Skipped:
			directive = " # SKIP " + ktap(f.Reason)
		case Recorded:
			fmt.Fprintf(w, "# %s recorded: %s\n", ktap(f.ID), ktap(f.Observed))
		}
		fmt.Fprintf(w, "%s %d %s.%s%s\n", result, i+1, ktap(f.Mechanism), ktap(f.ID), directive)
	}
	_, err := fmt.Fprintf(w, "# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:%d\n",
		r.Count(Holds)+r.Count(Recorded), r.Count(Differs), r.Count(Skipped), r.Count(Broken))
	return err
}

// ktap makes text harmless in a line, where # begins a directive.
func ktap(s string) string { return strings.ReplaceAll(results.Quote(s), "#", "") }

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *junitMessage `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a test suite a family, for CI servers.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "ipcbench semantics, " + r.Host.Strip(), Tests: len(r.Findings),
		Failures: r.Count(Differs), Errors: r.Count(Broken), Skipped: r.Count(Skipped)}
	for _, g := range r.Groups() {
		s := junitSuite{Name: g.Title, Tests: len(g.Findings)}
		for _, f := range g.Findings {
			c := junitCase{Class: "semantics." + results.Quote(f.Mechanism), Name: results.Quote(f.ID + " " + f.Statement)}
			said := results.Quote(f.Outcome())
			switch f.Verdict {
			case Differs:
				s.Failures++
				c.Failure = &junitMessage{"observed: " + said, "expected: " + results.Quote(f.Expect) + "\nsource: " + results.Quote(f.Source)}
			case Broken:
				s.Errors++
				c.Error = &junitMessage{Message: said}
			case Skipped:
				s.Skipped++
				c.Skipped = &junitMessage{Message: said}
			default:
				c.Out = said
			}
			s.Cases = append(s.Cases, c)
		}
		all.Suites = append(all.Suites, s)
	}
	io.WriteString(w, xml.Header)
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
