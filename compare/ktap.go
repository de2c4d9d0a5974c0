package compare

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"ipcbench/internal/ciformat"
)

// WriteKTAP writes reports in the format of the kernel's own tests: a test a
// report, a subtest a row or changed outcome.
func WriteKTAP(w io.Writer, reports []*Report) error {
	b := bufio.NewWriter(w)
	all := ciformat.KTAP{W: b}
	all.Plan(len(reports))
	for i, r := range reports {
		s := r.suite()
		sub := ciformat.KTAP{W: b, Indent: "  "}
		sub.Plan(len(s.Cases), "Subtest: "+s.Name)
		for j, c := range s.Cases {
			sub.Note("%s", c.Message)
			sub.Result(j+1, c.Name, c.Outcome, "")
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

var notInPath = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// WriteKCIDB writes the medians of the new sides, and what became of them, as
// a submission to KernelCI's database. The build is the new side's name:
// a submission puts the build's own ID and origin in their place.
func WriteKCIDB(w io.Writer, reports []*Report) error {
	var out kcidb
	out.Version.Major, out.Version.Minor = 5, 3
	out.Tests = []kcidbTest{}
	for _, r := range reports {
		build := kcidbOrigin + ":" + r.New.Name
		add := func(path, what, status, comment string, n *kcidbNumber) {
			out.Tests = append(out.Tests, kcidbTest{ID: build + ":" + path + "." + what, BuildID: build, Origin: kcidbOrigin, Path: path + "." + what, Status: status, Number: n, Comment: comment})
		}
		for i := range r.Rows {
			row := &r.Rows[i]
			path := kcidbPath(row.Name)
			add(path, notInPath.ReplaceAllString(row.Metric, "_"), "DONE", "", &kcidbNumber{float64(row.New.Median), row.Unit})
			add(path, notInPath.ReplaceAllString(row.Metric, "_")+"_change", kcidbStatus(row.Verdict), fmt.Sprintf("%s, %s", change(row.Ratio.Center), row.Judgement()), nil)
		}
		if r.Refused {
			add(kcidbOrigin, "comparable", "ERROR", r.refusals(), nil)
		}
		for _, c := range r.Incomparable {
			add(kcidbPath(c.Name), notInPath.ReplaceAllString(c.Metric, "_")+"_change", "ERROR", "not comparable: "+strings.Join(c.Doubts, ", "), nil)
		}
		for _, c := range r.Outcomes {
			add(kcidbPath(c.Name), "outcome", kcidbStatus(c.Verdict), c.outcome(), nil)
		}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// refusals are the doubts for which nothing was judged.
func (r *Report) refusals() string {
	var all []string
	for _, d := range r.Doubts {
		if d.Refuses {
			all = append(all, d.What)
		}
	}
	return strings.Join(all, "; ")
}

func kcidbStatus(v Verdict) string {
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
