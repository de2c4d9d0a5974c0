package gate

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/montanaflynn/stats"
)

// family is all cells of a test in the form that relabelling needs.
type family struct {
	design   design
	cells    []pooled
	patterns []pattern
	known    map[string]int // patterns, by what they hold
	passes   int
	plain    bool // neither clipped nor shrunk
}

// pooled is a cell's values: its launches of both sides, or the differences
// within its pairs.
type pooled struct {
	y       []float32 // half the memory, and far more digits than a launch has
	pattern int       // which passes they were part of
	sum, sq float64   // Σy, Σy²
}

// pattern is the passes in which cells were launched. Cells that were
// launched in the same ones share it, and with it every relabelling.
type pattern struct {
	passes []int32 // of the old launches, then of the new; or of the pairs
	news   int     // how many are new
	at     []int32 // where a pass is among passes, -1: nowhere
	free   freedom
}

// labels are a factor for each value of each pattern, so that what a design
// needs to know is a product with them, which costs no jumps.
type labels [][]float32

// design is how launches are relabelled, and what is made of their labels.
type design interface {
	// actual puts down the labels as they are.
	actual(p *pattern, l []float32)
	// relabel draws others: where nothing differs by more than the threshold
	// they are as likely as the actual ones.
	relabel(f *family, l labels, r *rand.Rand)
	// df is the degrees of freedom of a cell's variance.
	df(p *pattern) float64
	// effect is what the labels l say of a cell: by how much new exceeds old, the
	// variance of a value, and the factor that makes of it the variance of the
	// effect.
	effect(c *pooled, p *pattern, l []float32) (effect, s2, factor float64)
}

// of returns the family of some of the cells.
func (f *family) of(cells []int) *family {
	part := *f
	part.cells = make([]pooled, len(cells))
	for k, i := range cells {
		part.cells[k] = f.cells[i]
	}
	return &part
}

// add adds a cell's values, which it changes. They should lie about 0.
func (f *family) add(y []float64, p pattern) {
	if !f.plain {
		clip(y)
	}
	c := pooled{y: make([]float32, len(y)), pattern: f.share(p)}
	for i, v := range y {
		c.y[i] = float32(v)
		v = float64(c.y[i])
		c.sum += v
		c.sq += v * v
	}
	f.cells = append(f.cells, c)
}

// share returns the number of a pattern.
func (f *family) share(p pattern) int {
	key := binary.AppendUvarint(nil, uint64(p.news))
	for _, pass := range p.passes {
		key = binary.AppendUvarint(key, uint64(pass))
	}
	i, ok := f.known[string(key)]
	if !ok {
		i = len(f.patterns)
		if f.known == nil {
			f.known = map[string]int{}
		}
		f.known[string(key)] = i
		p.passes = slices.Clone(p.passes)
		p.at = slices.Repeat([]int32{-1}, int(slices.Max(p.passes))+1)
		for j, pass := range p.passes {
			p.at[pass] = int32(j)
		}
		p.free = free(f.design.df(&p))
		f.patterns = append(f.patterns, p)
		f.passes = max(f.passes, len(p.at))
	}
	return i
}

// far is how many standard deviations, as the median absolute deviation
// estimates them, a value may lie off 0.
const far = 3

// clip pulls what lies farther off up to there. It knows nothing of labels,
// so a relabelling stays as likely as any other.
func clip(y []float64) {
	dev := make([]float64, len(y))
	for i := range y {
		dev[i] = math.Abs(y[i])
	}
	middle, _ := stats.Median(dev) // there are values
	if bound := far * 1.4826 * middle; bound > 0 {
		for i := range y {
			y[i] = min(max(y[i], -bound), bound)
		}
	}
}

// actual returns the labels as they are.
func (f *family) actual() labels {
	l := make(labels, len(f.patterns))
	for i := range f.patterns {
		p := &f.patterns[i]
		l[i] = make([]float32, len(p.passes))
		f.design.actual(p, l[i])
	}
	return l
}

// relabel draws labels.
func (f *family) relabel(l labels, seed, draw uint64) {
	f.design.relabel(f, l, rand.New(rand.NewPCG(seed, draw)))
}

// scores are each cell's moderated t and standard error under some labels.
type scores struct {
	labels labels
	t, se  []float64
	s2     []float64 // variances of a value, before they are shrunk
	prior  prior     // that they are shrunk towards
}

// scores returns those of the actual labels.
func (f *family) scores() *scores {
	n := len(f.cells)
	s := &scores{f.actual(), make([]float64, n), make([]float64, n), make([]float64, n), prior{}}
	f.score(s)
	return s
}

// score computes them from the labels.
func (f *family) score(s *scores) {
	v := variances{}
	for i := range f.cells {
		c := &f.cells[i]
		p := &f.patterns[c.pattern]
		s.t[i], s.s2[i], s.se[i] = f.design.effect(c, p, s.labels[c.pattern])
		s.s2[i] = max(s.s2[i], resolution*resolution)
		v.add(s.s2[i], p.free)
	}
	s.prior = v.prior()
	if f.plain {
		s.prior.df = 0
	}
	for i := range f.cells {
		s.se[i] = math.Sqrt(s.prior.shrink(s.s2[i], f.patterns[f.cells[i].pattern].free.df) * s.se[i])
		s.t[i] /= s.se[i]
	}
}

// dot is Σ y·label.
func dot(y, label []float32) float64 {
	label = label[:len(y)]
	var a, b, c, d float64 // four sums at a time: each addition waits for the one before it
	for ; len(y) >= 4; y, label = y[4:], label[4:] {
		label = label[:len(y)]
		a += float64(y[0] * label[0])
		b += float64(y[1] * label[1])
		c += float64(y[2] * label[2])
		d += float64(y[3] * label[3])
	}
	for i, v := range y {
		a += float64(v * label[i])
	}
	return a + b + c + d
}

// dotSquares is Σ y²·label, in four sums as dot.
func dotSquares(y, label []float32) float64 {
	label = label[:len(y)]
	var a, b, c, d float64
	for ; len(y) >= 4; y, label = y[4:], label[4:] {
		label = label[:len(y)]
		a += float64(y[0] * y[0] * label[0])
		b += float64(y[1] * y[1] * label[1])
		c += float64(y[2] * y[2] * label[2])
		d += float64(y[3] * y[3] * label[3])
	}
	for i, v := range y {
		a += float64(v * v * label[i])
	}
	return a + b + c + d
}

// resolution is the least standard deviation that a cell is credited with, on
// the scale of logarithms: 0.01 %. Equal values are not measured any better.
const resolution = 1e-4
