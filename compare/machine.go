package compare

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes reports whole, as an array.
func WriteJSON(w io.Writer, reports []*Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(reports)
}

// JUnit's XML as CI systems read it: a suite a comparison, a case a row.
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
	Out      string      `xml:"system-out,omitempty"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
	Skipped *junitMessage `xml:"skipped"`

	passed string // what a case that is fine tells, where there is a place for it
}

type junitMessage struct {
	Message string `xml:"message,attr"`
}

// WriteJUnit writes reports as JUnit XML: what fails the gate is a failure,
// what could not be judged an error.
func WriteJUnit(w io.Writer, reports []*Report) error {
	var all junitSuites
	for _, r := range reports {
		all.Suites = append(all.Suites, r.junit())
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

func (r *Report) junit() junitSuite {
	s := junitSuite{Name: fmt.Sprintf("%s against %s", r.New.Name, r.Old.Name)}
	add := func(class, name string, v Verdict, message string) {
		c := junitCase{Class: class, Name: name, passed: message}
		m := &junitMessage{message}
		switch v {
		case Slower, Broken:
			c.Failure = m
			s.Failures++
		case Unjudged, Lost:
			c.Error = m
			s.Errors++
		case NotCompared:
			c.Skipped = m
			s.Skipped++
		}
		s.Tests++
		s.Cases = append(s.Cases, c)
	}
	var out []string
	for _, d := range r.Doubts {
		out = append(out, fmt.Sprintf("%s; %s; remedy: %s", d.What, d.Why, d.Remedy))
		if r.Refused && d.Refuses {
			add("ipcbench.compare", "comparable", Lost, d.What)
		}
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		add(row.class(), row.Name+" "+row.Metric, row.Verdict, strings.Join(row.columns(true)[2:], "; "))
	}
	for _, c := range r.Outcomes {
		add("ipcbench."+c.Cell.Workload, c.Name, c.Verdict, c.outcome())
	}
	for _, c := range r.Incomparable {
		add("ipcbench."+c.Cell.Workload, c.Name+" "+c.Metric, Unjudged, "not comparable: "+strings.Join(c.Doubts, ", "))
	}
	s.Out = strings.Join(out, "\n")
	return s
}

func (r *Row) class() string { return "ipcbench." + r.Cell.Workload + "." + r.Cell.Mechanism }
