package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"ipcbench/internal/ciformat"
)

// WriteJSON writes reports whole, as an array.
func WriteJSON(w io.Writer, reports []*Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(reports)
}

// WriteJUnit writes reports as JUnit XML, a suite a comparison and a case a row:
// what fails the gate is a failure, what could not be judged an error.
func WriteJUnit(w io.Writer, reports []*Report) error {
	var all []ciformat.Suite
	for _, r := range reports {
		all = append(all, r.suite())
	}
	return ciformat.WriteJUnit(w, "", all)
}

// ciOutcome is what a verdict is to a CI system.
func ciOutcome(v Verdict) ciformat.Outcome {
	switch v {
	case Slower, Broken:
		return ciformat.Failed
	case Unjudged, Lost:
		return ciformat.Errored
	case NotCompared:
		return ciformat.Skipped
	}
	return ciformat.Passed
}

func (r *Report) suite() ciformat.Suite {
	s := ciformat.Suite{Name: fmt.Sprintf("%s against %s", r.New.Name, r.Old.Name)}
	add := func(class, name string, v Verdict, message string) {
		s.Cases = append(s.Cases, ciformat.Case{Class: class, Name: name, Outcome: ciOutcome(v), Message: message})
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
