package report

import (
	"fmt"
	"io"
	"regexp"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/plots"
)

// perHalf is how many lines a percentile text has for each halving of what lies
// above: 5, as HdrHistogram's own tools write.
const perHalf = 5

// fileName is what a mechanism must be like to name a file.
var fileName = regexp.MustCompile(`^[a-z0-9]{1,40}$`)

// percentiles are files with HdrHistogram's percentile text, "ID-MECHANISM.hgrm": of
// each pictured distribution one for each of its lines. Those are at most some
// tens, whatever the plan.
func (r *Report) percentiles() (all []File) {
	for i := range r.Pictures {
		c := &r.Pictures[i]
		if c.Family != distribution {
			continue
		}
		for _, l := range c.Lines {
			h := r.Page.roundTrips[l.Points[0].Cell]
			if h != nil && fileName.MatchString(l.Name) {
				all = append(all, File{c.ID + "-" + l.Name + ".hgrm", func(w io.Writer) error { return writePercentiles(w, h) }})
			}
		}
	}
	return all
}

// Percentiles is the number of files with percentile text.
func (r *Report) Percentiles() int { return len(r.percentiles()) }

// writePercentiles writes microseconds, to three digits behind the point: whole
// nanoseconds.
func writePercentiles(w io.Writer, h *hdrhistogram.PackedHistogram) error {
	dense := hdrhistogram.New(h.LowestTrackableValue(), h.HighestTrackableValue(), int(h.SignificantFigures()))
	if n := h.MergeInto(dense); n > 0 {
		return fmt.Errorf("percentiles: %d of %d values are out of range", n, h.TotalCount())
	}
	_, err := dense.PercentilesPrint(w, perHalf, 1000)
	return err
}

// sourceOf is where the numbers of a picture come from: the host, its kernel, the
// date, and how many launches a point has.
func (p *Page) sourceOf(c *plots.Chart) string {
	least, greatest := 0, 0
	for _, l := range c.Lines {
		for _, point := range l.Points {
			if n := p.launches[point.Cell]; n > 0 {
				if least == 0 || n < least {
					least = n
				}
				greatest = max(greatest, n)
			}
		}
	}
	s := p.origin
	switch {
	case greatest == 0:
	case least == greatest:
		s += fmt.Sprintf(", n = %d launches", least)
	default:
		s += fmt.Sprintf(", n = %d to %d launches", least, greatest)
	}
	return s
}
