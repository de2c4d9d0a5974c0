package history

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"ipcbench/results"
)

// Kind is what a build's name is, which gives the build its place in a series.
type Kind string

const (
	Version Kind = "version" // by CompareVersions
	Commit  Kind = "commit"  // by the date of the commit
	Date    Kind = "date"    // by itself
)

// kinds are those that are ordered by a date, and that of versions.
var kinds = map[Kind]bool{Version: false, Commit: true, Date: true}

var (
	isCommit    = expression(`^[0-9a-f]{40,64}$`)
	namesCommit = expression(`^([0-9a-f]{7,64}|HEAD)$`)
	hasDigit    = expression(`[0-9]`)
	validSeries = expression(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

// expression is compiled at its first use: every process of a run initialises this
// package, and to compile all took a tenth of a worker's start.
func expression(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// CheckSeries refuses a name that would not be a directory of its own.
func CheckSeries(name string) error {
	if !validSeries().MatchString(name) {
		return fmt.Errorf("series %q: want at most 64 of A-Z a-z 0-9 . _ -, and a letter or digit in front", results.Quote(name))
	}
	return nil
}

// Place sets what a build is called. commit finds the whole name and the date of a
// commit. A build that has an After may have any name.
func (h *Header) Place(at string, commit func(string) (string, time.Time, error)) (err error) {
	if d, ok := parseDate(at); ok {
		h.Build, h.Kind, h.Date = at, Date, d
		return nil
	}
	if namesCommit().MatchString(at) {
		h.Kind = Commit
		h.Build, h.Date, err = commit(at)
		h.Date = h.Date.UTC()
		return err
	}
	if err := results.CheckNote(at); err != nil || len(at) > maxBuild || h.After == "" && !hasDigit().MatchString(at) {
		return fmt.Errorf("--at %q: want a commit (7 to 64 hexadecimal digits, or HEAD), a version with a digit in it (6.12.1), or a date (2026-11-30, or with a time as RFC 3339 has it)", results.Quote(at))
	}
	h.Build, h.Kind = at, Version
	return nil
}

// maxBuild is how long the name of a build may be, in bytes.
const maxBuild = 64

func parseDate(s string) (time.Time, bool) {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if d, err := time.Parse(form, s); err == nil {
			return d.UTC(), true
		}
	}
	return time.Time{}, false
}

// CompareVersions orders versions: numbers by their value, what is between them as
// text, and 7.3-rc1 before 7.3. A v in front does not count.
func CompareVersions(a, b string) int {
	x, y := strings.TrimPrefix(a, "v"), strings.TrimPrefix(b, "v")
	for x != "" || y != "" {
		var s, t string
		s, x = cutPart(x)
		t, y = cutPart(y)
		if s == t {
			continue
		}
		if c := cmp.Compare(rank(s), rank(t)); c != 0 {
			return c
		}
		if number(s) && number(t) {
			s, t = strings.TrimLeft(s, "0"), strings.TrimLeft(t, "0")
			if c := cmp.Or(cmp.Compare(len(s), len(t)), cmp.Compare(s, t)); c != 0 {
				return c
			}
			continue
		}
		return cmp.Compare(s, t)
	}
	return cmp.Compare(a, b)
}

// cutPart cuts the digits, or what is none, in front.
func cutPart(s string) (part, rest string) {
	if s == "" {
		return "", ""
	}
	i := strings.IndexFunc(s, func(r rune) bool { return digit(r) != digit(rune(s[0])) })
	if i < 0 {
		i = len(s)
	}
	return s[:i], s[i:]
}

func digit(r rune) bool { return r >= '0' && r <= '9' }

func number(s string) bool { return s != "" && digit(rune(s[0])) }

// early is how what comes before a release begins.
var early = expression(`^[-._]?(rc|alpha|beta|pre|~)`)

// rank is that of a part: what comes before a release, its end, and what follows it.
func rank(part string) int {
	switch {
	case early().MatchString(part):
		return -1
	case part == "":
		return 0
	}
	return 1
}

// compareBuilds orders two builds of one kind that have no After.
func compareBuilds(a, b *Header) int {
	order := a.Date.Compare(b.Date)
	if !kinds[a.Kind] {
		order = CompareVersions(a.Build, b.Build)
	}
	return cmp.Or(order, a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID))
}

// errOtherKind says that a build has no place among those of a series.
var errOtherKind = errors.New("its series is ordered by another kind of name")

// byDate reports whether most builds that have no After are ordered by a date; of
// equally many, they are.
func byDate(all []*Header) bool {
	n := 0
	for _, h := range all {
		switch {
		case h.After != "":
		case kinds[h.Kind]:
			n++
		default:
			n--
		}
	}
	return n >= 0
}

// order puts builds in their order: those without an After by their names, and right
// behind each those that come after it. It leaves out builds whose name is of another
// kind than most, and calls odd for each and for an After that is not there.
func order(all []*Header, odd func(h *Header, err error)) []*Header {
	dated := byDate(all)
	var roots []*Header
	known, behind := map[string]bool{}, map[string][]*Header{}
	for _, h := range all {
		known[h.ID] = true
	}
	for _, h := range all {
		switch {
		case known[h.After] && h.After != h.ID:
			behind[h.After] = append(behind[h.After], h)
			continue
		case kinds[h.Kind] != dated:
			odd(h, errOtherKind)
			continue
		case h.After != "":
			odd(h, fmt.Errorf("it comes after build %s, which is not there: it stands by its name", results.Quote(h.After)))
		}
		roots = append(roots, h)
	}
	slices.SortFunc(roots, compareBuilds)
	out := make([]*Header, 0, len(all))
	var put func(h *Header)
	put = func(h *Header) {
		out = append(out, h)
		next := behind[h.ID]
		delete(behind, h.ID)
		slices.SortFunc(next, func(a, b *Header) int { return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.ID, b.ID)) })
		for _, n := range next {
			put(n)
		}
	}
	for _, h := range roots {
		put(h)
	}
	for _, h := range all {
		if slices.Contains(behind[h.After], h) {
			odd(h, fmt.Errorf("it comes after build %s, which is left out", results.Quote(h.After)))
		}
	}
	return out
}
