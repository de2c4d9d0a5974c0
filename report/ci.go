package report

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"

	"ipcbench/compare"
	"ipcbench/internal/ciformat"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// writeJSON writes reports whole, as an array, with the keys of before.
func writeJSON(w io.Writer, reports []*compare.Report) error {
	for _, r := range reports {
		r.Sentence, r.Before = sentence(r), r.Warnings
		for i := range r.Rows {
			r.Rows[i].Before = r.Rows[i].Warnings
		}
		for i := range r.Incomparable {
			r.Incomparable[i].Before = r.Incomparable[i].Warnings
		}
	}
	return text.WriteJSON(w, reports)
}

// writeJUnit writes reports as JUnit XML, a suite a comparison and a case a row:
// what fails the gate is a failure, what could not be judged an error.
func writeJUnit(w io.Writer, reports []*compare.Report) error {
	var all []ciformat.Suite
	for _, r := range reports {
		all = append(all, suite(r))
	}
	return ciformat.WriteJUnit(w, "", all)
}

// ciOutcome is what a verdict is to a CI system.
func ciOutcome(v compare.Verdict) ciformat.Outcome {
	switch v {
	case compare.Slower, compare.Broken:
		return ciformat.Failed
	case compare.Unjudged, compare.Lost:
		return ciformat.Errored
	case compare.NotCompared:
		return ciformat.Skipped
	}
	return ciformat.Passed
}

func suite(r *compare.Report) ciformat.Suite {
	s := ciformat.Suite{Name: fmt.Sprintf("%s against %s", r.New.Name, r.Old.Name)}
	add := func(class, name string, v compare.Verdict, message string) {
		s.Cases = append(s.Cases, ciformat.Case{Class: class, Name: name, Outcome: ciOutcome(v), Message: message, Out: message})
	}
	out := []string{sentence(r)}
	for _, w := range r.Warnings {
		out = append(out, fmt.Sprintf("%s; %s; remedy: %s", w.What, w.Why, w.Remedy))
		if r.Refused && w.Refuses {
			add("ipcbench.compare", "comparable", compare.Lost, w.What)
		}
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		add("ipcbench."+row.Cell.Workload+"."+row.Cell.Mechanism, row.Name+" "+row.Metric, row.Verdict, strings.TrimRight(strings.Join(comparedRow(row)[2:], "; "), "; "))
	}
	for _, c := range r.Outcomes {
		add("ipcbench."+c.Cell.Workload, c.Name, c.Verdict, outcome(c))
	}
	for _, c := range r.Missing {
		add("ipcbench."+c.Cell.Workload, c.Name, c.Verdict, missing(c))
	}
	for _, c := range r.Incomparable {
		add("ipcbench."+c.Cell.Workload, c.Name+" "+c.Metric, compare.Unjudged, "not comparable: "+strings.Join(c.Warnings, ", "))
	}
	for _, n := range r.NotCompared {
		out = append(out, "not compared: "+n)
	}
	if r.Cause != "" {
		out = append(out, "nothing comparable: "+r.Cause)
	}
	s.Out = strings.Join(out, "\n")
	return s
}

// writeKTAP writes reports in the format of the kernel's own tests: a test a
// report, a subtest a row or changed outcome.
func writeKTAP(w io.Writer, reports []*compare.Report) error {
	var suites []ciformat.Suite
	var sentences []string
	for _, r := range reports {
		suites, sentences = append(suites, suite(r)), append(sentences, sentence(r))
	}
	return writeSuites(w, suites, sentences)
}

// writeSuites writes a test a suite, with its sentence and a subtest a case.
func writeSuites(w io.Writer, suites []ciformat.Suite, sentences []string) error {
	b := bufio.NewWriter(w)
	all := ciformat.KTAP{W: b}
	all.Plan(len(suites))
	for i, s := range suites {
		sub := ciformat.KTAP{W: b, Indent: "  "}
		sub.Plan(len(s.Cases), "Subtest: "+s.Name, sentences[i])
		for j, c := range s.Cases {
			if c.Outcome != ciformat.Skipped { // whose result has it
				for line := range strings.SplitSeq(c.Message, "\n") {
					sub.Note("%s", line)
				}
			}
			sub.Result(j+1, c.Name, c.Outcome, c.Message)
		}
		outcome := ciformat.Passed
		if s.Count(ciformat.Failed)+s.Count(ciformat.Errored) > 0 {
			outcome = ciformat.Failed
		}
		all.Result(i+1, s.Name, outcome, "")
	}
	return b.Flush()
}

// KernelCI's database, schema version 5.3, as far as numbers need it: each is
// a test with the status DONE, and the verdict of a cell is one of its own.
type (
	kcidb struct {
		Version struct {
			Major int `json:"major"`
			Minor int `json:"minor"`
		} `json:"version"`
		Tests []kcidbTest `json:"tests"`
	}
	kcidbTest struct {
		ID      string       `json:"id"`
		BuildID string       `json:"build_id"`
		Origin  string       `json:"origin"`
		Path    string       `json:"path"`
		Status  string       `json:"status"`
		Number  *kcidbNumber `json:"number,omitempty"`
		Comment string       `json:"comment,omitempty"`
	}
	kcidbNumber struct {
		Value float64 `json:"value"`
		Unit  string  `json:"unit"`
	}
)

const kcidbOrigin = "ipcbench"

func newKCIDB() (out kcidb) {
	out.Version.Major, out.Version.Minor = 5, 3
	out.Tests = []kcidbTest{}
	return out
}

var notInPath = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// writeKCIDB writes the medians of the new sides, and what became of them, as
// a submission to KernelCI's database. The build is the new side's name:
// a submission puts the build's own ID and origin in their place.
func writeKCIDB(w io.Writer, reports []*compare.Report) error {
	out := newKCIDB()
	for _, r := range reports {
		build := kcidbOrigin + ":" + r.New.Name
		add := func(path, what, status, comment string, n *kcidbNumber) {
			out.Tests = append(out.Tests, kcidbTest{ID: build + ":" + path + "." + what, BuildID: build, Origin: kcidbOrigin, Path: path + "." + what, Status: status, Number: n, Comment: comment})
		}
		for i := range r.Rows {
			row := &r.Rows[i]
			path := kcidbPath(row.Name)
			add(path, notInPath.ReplaceAllString(row.Metric, "_"), "DONE", "", &kcidbNumber{float64(row.New.Center), row.Unit})
			add(path, notInPath.ReplaceAllString(row.Metric, "_")+"_change", kcidbStatus(row.Verdict), fmt.Sprintf("%s, %s", results.Change(row.Ratio.Center), judgement(row)), nil)
		}
		if r.Refused {
			add(kcidbOrigin, "comparable", "ERROR", refusals(r), nil)
		}
		for _, c := range r.Incomparable {
			add(kcidbPath(c.Name), notInPath.ReplaceAllString(c.Metric, "_")+"_change", "ERROR", "not comparable: "+strings.Join(c.Warnings, ", "), nil)
		}
		for _, c := range r.Outcomes {
			add(kcidbPath(c.Name), "outcome", kcidbStatus(c.Verdict), outcome(c), nil)
		}
		for _, c := range r.Missing {
			add(kcidbPath(c.Name), "outcome", kcidbStatus(c.Verdict), missing(c), nil)
		}
	}
	return text.WriteJSON(w, out)
}

// refusals are the warnings for which nothing was judged.
func refusals(r *compare.Report) string {
	var all []string
	for _, w := range r.Warnings {
		if w.Refuses {
			all = append(all, w.What)
		}
	}
	return strings.Join(all, "; ")
}

func kcidbStatus(v compare.Verdict) string {
	return map[ciformat.Outcome]string{ciformat.Passed: "PASS", ciformat.Failed: "FAIL", ciformat.Errored: "ERROR", ciformat.Skipped: "SKIP"}[ciOutcome(v)]
}

// kcidbPath is a cell as the dotted path of a test.
func kcidbPath(cell string) string {
	parts := strings.Split(cell, "/")
	for i := range parts {
		parts[i] = notInPath.ReplaceAllString(parts[i], "_")
	}
	return kcidbOrigin + "." + strings.Join(parts, ".")
}
