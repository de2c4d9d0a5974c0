package results

import (
	"fmt"
	"slices"
	"strings"
)

// Standing is what the cells of a run come to together, the gravest of what they
// came to.
type Standing int

const (
	Measured      Standing = iota
	Unavailable            // no cell has a number, and none failed
	SomeUntrusted          // a cell is untrusted
	SomeFailed             // a cell failed
	CheckFailed            // a check found a message that was damaged, lost or not the next
)

// String is the word for the standing, "ok" where all was measured.
func (s Standing) String() string {
	return [...]string{"ok", "unavailable", "untrusted", "failed", "check failed"}[s]
}

// StandingOf is the standing of all cells of a run, with the reason for any but
// Measured. A floor that failed counts; other floors do where there is nothing else.
func StandingOf(summaries []Summary) (Standing, string) {
	count := map[Outcome]int{}
	floors := map[Outcome]int{}
	for _, s := range summaries {
		if s.Check != "" {
			return CheckFailed, s.Cell.Name() + ": " + s.Check
		}
		if s.Cell.Workload == FloorWorkload {
			floors[s.Outcome]++
		} else {
			count[s.Outcome]++
		}
	}
	if len(count) == 0 {
		count = floors
	} else {
		count[Failed] += floors[Failed]
	}
	switch {
	case count[Failed] > 0:
		return SomeFailed, Plural(count[Failed], "cell") + " failed"
	case count[Untrusted] > 0:
		return SomeUntrusted, Plural(count[Untrusted], "cell") + map[bool]string{true: " is", false: " are"}[count[Untrusted] == 1] + " untrusted"
	case count[OK] == 0:
		return Unavailable, "nothing that was asked for is available here"
	}
	return Measured, ""
}

// Unfinished is what a run came to that lacks launches of its plan.
const Unfinished = "unfinished"

// CameTo is what a run came to in a word, that of its Standing or Unfinished, with the
// reason for any but "ok". Summaries are those of the set.
func (s *Set) CameTo(summaries []Summary) (word, reason string) {
	standing, why := StandingOf(summaries)
	if done, asked := s.launches(summaries); done < asked && standing < SomeFailed {
		return Unfinished, fmt.Sprintf("%d of %d launches", done, asked)
	}
	return standing.String(), why
}

// launches are how many launches of the plan there are, and how many it asks for; both
// 0 where it does not say, or is that of a race, which ends when it is decided. A cell
// that was skipped or failed is not launched again.
func (s *Set) launches(summaries []Summary) (done, asked int) {
	if s.Header == nil {
		return 0, 0
	}
	plan := s.Header.Asked()
	settled := map[Cell]bool{}
	for _, sum := range summaries {
		if sum.Race > 0 {
			return 0, 0
		}
		if sum.Outcome == Skipped || sum.Outcome == Failed {
			settled[sum.Cell.Asked()] = true
		}
	}
	for _, c := range plan.Cells {
		n := plan.Launches
		if !settled[c] {
			n = min(n, len(s.all().last[c]))
		}
		done += n
	}
	return done, plan.Launches * len(plan.Cells)
}

// Withheld is a reason for which this machine measures nothing of some mechanisms.
type Withheld struct {
	Reason     string
	Mechanisms []string
}

// WithheldFrom returns why mechanisms were skipped in every cell, each reason once:
// a call that is refused, or that the kernel does not have.
func WithheldFrom(summaries []Summary) (all []Withheld) {
	measured := map[string]bool{}
	for _, s := range summaries {
		measured[s.Cell.Mechanism] = measured[s.Cell.Mechanism] || s.Outcome != Skipped
	}
	for _, s := range summaries {
		mech := s.Cell.Mechanism
		for _, reason := range s.Withheld {
			if measured[mech] {
				continue
			}
			reason = strings.TrimPrefix(reason, mech+": ")
			i := slices.IndexFunc(all, func(w Withheld) bool { return w.Reason == reason })
			if i < 0 {
				i = len(all)
				all = append(all, Withheld{Reason: reason})
			}
			all[i].Mechanisms = AddOnce(all[i].Mechanisms, mech)
		}
	}
	return all
}
