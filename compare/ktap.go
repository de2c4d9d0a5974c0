package compare

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// WriteKTAP writes reports in the format of the kernel's own tests, KTAP
// version 1 (Documentation/dev-tools/ktap.rst): a test a report, a subtest a
// row or changed outcome.
func WriteKTAP(w io.Writer, reports []*Report) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "KTAP version 1\n1..%d\n", len(reports))
	for i, r := range reports {
		s := r.junit()
		fmt.Fprintf(b, "  KTAP version 1\n  # Subtest: %s\n  1..%d\n", ktapText(s.Name), len(s.Cases))
		for j, c := range s.Cases {
			said, directive := c.said()
			fmt.Fprintf(b, "  # %s\n  %s %d %s%s\n", ktapText(said), ktapResult(c.Failure == nil && c.Error == nil), j+1, ktapText(c.Name), directive)
		}
		fmt.Fprintf(b, "%s %d %s\n", ktapResult(s.Failures+s.Errors == 0), i+1, ktapText(s.Name))
	}
	return b.Flush()
}

func ktapResult(ok bool) string {
	if ok {
		return "ok"
	}
	return "not ok"
}

// ktapText leaves out what would begin a directive or another line.
func ktapText(s string) string { return strings.NewReplacer("#", "", "\n", " ").Replace(s) }

// said is what a case tells of itself, and its directive.
func (c *junitCase) said() (text, directive string) {
	switch {
	case c.Failure != nil:
		return c.Failure.Message, ""
	case c.Error != nil:
		return c.Error.Message, ""
	case c.Skipped != nil:
		return c.Skipped.Message, " # SKIP"
	}
	return c.passed, ""
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
// a submission to KernelCI's database. The build is the new side's name: whoever
// submits puts the build's own ID and origin in their place.
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
	switch v {
	case Slower, Broken:
		return "FAIL"
	case Unjudged, Lost:
		return "ERROR"
	case NotCompared:
		return "SKIP"
	}
	return "PASS"
}

// kcidbPath is a cell as the dotted path of a test.
func kcidbPath(cell string) string {
	parts := strings.Split(cell, "/")
	for i := range parts {
		parts[i] = notInPath.ReplaceAllString(parts[i], "_")
	}
	return kcidbOrigin + "." + strings.Join(parts, ".")
}
