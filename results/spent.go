package results

import (
	"fmt"
	"slices"
)

// Spent is where the wall time of a run went, in ns.
type Spent struct {
	Wall      int64 // from the start of the first launch, pauses between sessions left out
	Measuring int64 // in rounds that give numbers: timed, calm, latency, verify
	Start     int64 // making links, starting workers, attaching
	Stop      int64 // ending workers, removing objects

	// PerLaunch is what a launch costs beside those rounds: the median of the
	// launches that are ok.
	PerLaunch int64

	Disturbed int // launches that are not to be trusted, every attempt counted
	Stalled   int // of these, launches in which no message moved for 10 ms or more
}

// Measuring are the kinds of rounds that give numbers.
var Measuring = []string{"timed", "calm", "latency", "verify"}

// spending is a Spent under way.
type spending struct {
	Spent
	beside           []int64 // of the launches that are ok, ns beside their rounds
	records, unknown int     // unknown: without a wall time
}

func (s *spending) add(r *Record) {
	s.records++
	if r.WallNs == 0 {
		s.unknown++
	}
	rounds := int64(0)
	for _, round := range r.Rounds {
		if slices.Contains(Measuring, round.Kind) {
			rounds += round.ElapsedNs
		}
	}
	s.Wall += r.WallNs
	s.Measuring += rounds
	if r.Overhead != nil {
		s.Start += r.Overhead.StartNs
		s.Stop += r.Overhead.StopNs
	}
	if r.Outcome == Untrusted {
		s.Disturbed++
		if r.Noise != nil && r.Noise.StalledNs.Or(0) > 0 {
			s.Stalled++
		}
	}
	if r.Outcome == OK {
		s.beside = append(s.beside, r.WallNs-rounds)
	}
}

func (s *spending) sum() (Spent, bool) {
	if s.unknown > 0 || s.records == 0 {
		return Spent{}, false
	}
	if len(s.beside) > 0 {
		slices.Sort(s.beside)
		s.PerLaunch = s.beside[len(s.beside)/2]
	}
	return s.Spent, true
}

// Rest is what neither rounds nor starting and ending workers took:
// calibrating, warming up, writing records.
func (s Spent) Rest() int64 { return s.Wall - s.Measuring - s.Start - s.Stop }

// String is a line: "86 % measuring, 7 % starting and attaching, …".
func (s Spent) String() string {
	share := func(ns int64) string { return fmt.Sprintf("%.0f %%", 100*float64(ns)/float64(s.Wall)) }
	text := fmt.Sprintf("%s of %s measuring, %s starting and attaching, %s ending, %s calibrating, warming up and writing",
		share(s.Measuring), FormatTime(float64(s.Wall)), share(s.Start), share(s.Stop), share(s.Rest()))
	if s.PerLaunch > 0 {
		text += "; a launch costs " + FormatTime(float64(s.PerLaunch)) + " beside its rounds"
	}
	if s.Disturbed > 0 {
		text += fmt.Sprintf("; untrusted launches, which give no number: %d", s.Disturbed)
	}
	if s.Stalled > 0 {
		text += fmt.Sprintf(", of which %d because no message moved for 10 ms or more", s.Stalled)
	}
	return text
}
