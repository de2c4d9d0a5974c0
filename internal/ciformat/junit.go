// Package ciformat writes results of tests in the forms that CI systems read:
// JUnit's XML, and the kernel's KTAP. Any text may go in.
package ciformat

import (
	"encoding/xml"
	"io"

	"ipcbench/results"
)

// Outcome of a case.
type Outcome int

const (
	Passed   Outcome = iota
	Failed           // what was tested is wrong
	Errored          // it could not be tested
	Skipped          // it was not tested
	Expected         // it failed as it is known to
)

// Suite is cases that belong together.
type Suite struct {
	Name  string
	Cases []Case
	Out   string // lines that hold for all cases; may be ""
}

// Case is one test.
type Case struct {
	Class   string // "ipcbench.PingPong.pipe"
	Name    string
	Outcome Outcome
	Message string // in a line why it did not pass, or what it found
	Detail  string // further lines of a failure
	Out     string // lines of a case that passed
}

// Count is how many cases ended so.
func (s *Suite) Count(o Outcome) (n int) {
	for _, c := range s.Cases {
		if c.Outcome == o {
			n++
		}
	}
	return n
}

// totals of cases; nil where they are not written.
type totals struct {
	Tests    *int `xml:"tests,attr"`
	Failures *int `xml:"failures,attr"`
	Errors   *int `xml:"errors,attr"`
	Skipped  *int `xml:"skipped,attr"`
}

func totalsOf(suites ...Suite) totals {
	var tests, failures, errors, skipped int
	for _, s := range suites {
		tests += len(s.Cases)
		failures += s.Count(Failed)
		errors += s.Count(Errored)
		skipped += s.Count(Skipped)
	}
	return totals{&tests, &failures, &errors, &skipped}
}

type xmlSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr,omitempty"`
	totals
	Suites []xmlSuite `xml:"testsuite"`
}

type xmlSuite struct {
	Name string `xml:"name,attr"`
	totals
	Cases []xmlCase `xml:"testcase"`
	Out   string    `xml:"system-out,omitempty"`
}

type xmlCase struct {
	Class   string      `xml:"classname,attr"`
	Name    string      `xml:"name,attr"`
	Failure *xmlMessage `xml:"failure"`
	Error   *xmlMessage `xml:"error"`
	Skipped *xmlMessage `xml:"skipped"`
	Out     string      `xml:"system-out,omitempty"`
}

type xmlMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes suites as JUnit XML. With a name the document has the
// totals of all suites.
func WriteJUnit(w io.Writer, name string, suites []Suite) error {
	all := xmlSuites{Name: results.Quote(name)}
	if name != "" {
		all.totals = totalsOf(suites...)
	}
	for _, s := range suites {
		out := xmlSuite{Name: results.Quote(s.Name), totals: totalsOf(s), Out: s.Out}
		for _, c := range s.Cases {
			x := xmlCase{Class: results.Quote(c.Class), Name: results.Quote(c.Name)}
			m := &xmlMessage{results.Quote(c.Message), c.Detail}
			switch c.Outcome {
			case Failed:
				x.Failure = m
			case Errored:
				x.Error = m
			case Skipped:
				x.Skipped = m
			default:
				x.Out = c.Out
			}
			out.Cases = append(out.Cases, x)
		}
		all.Suites = append(all.Suites, out)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
