package gate

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
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
}

// labels are a factor for each value of each pattern, so that what a design
// needs to know is a product with them, which costs no jumps.
type labels [][]float32

// design is how launches are relabelled, and what is made of their labels.
type design interface {
	// actual puts down the labels as they are.
	actual(p pattern, l []float32)
	// relabel draws others: where nothing differs by more than the threshold
	// they are as likely as the actual ones.
	relabel(f *family, l labels, r *rand.Rand)
	// effect is what the labels say of a cell: by how much new exceeds old, the
	// variance of a value and its degrees of freedom, and the factor that makes
	// of it the variance of the effect. The product of values and labels is dot.
	effect(c *pooled, p pattern, dot float64) (effect, s2, df, factor float64)
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
		f.patterns = append(f.patterns, p)
		f.passes = max(f.passes, int(slices.Max(p.passes))+1)
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
	if bound := far * 1.4826 * median(dev); bound > 0 {
		for i := range y {
			y[i] = min(max(y[i], -bound), bound)
		}
	}
}

// actual returns the labels as they are.
func (f *family) actual() labels {
	l := make(labels, len(f.patterns))
	for i, p := range f.patterns {
		l[i] = make([]float32, len(p.passes))
		f.design.actual(p, l[i])
	}
	return l
}

// relabel draws labels.
func (f *family) relabel(l labels, seed, draw uint64) {
	f.design.relabel(f, l, rand.New(rand.NewPCG(seed, draw)))
}

// statistics computes each cell's moderated t under the labels, and its
// standard error where se is not nil.
func (f *family) statistics(l labels, t, se []float64) {
	v := variances{}
	s2, df, factor := make([]float64, len(f.cells)), make([]float64, len(f.cells)), make([]float64, len(f.cells))
	for i := range f.cells {
		c := &f.cells[i]
		t[i], s2[i], df[i], factor[i] = f.design.effect(c, f.patterns[c.pattern], dot(c.y, l[c.pattern]))
		s2[i] = max(s2[i], resolution*resolution)
		v.add(s2[i], df[i])
	}
	prior := v.prior()
	if f.plain {
		prior.df = 0
	}
	for i := range f.cells {
		e := math.Sqrt(prior.shrink(s2[i], df[i]) * factor[i])
		t[i] /= e
		if se != nil {
			se[i] = e
		}
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

// resolution is the least standard deviation that a cell is credited with, on
// the scale of logarithms: 0.01 %. Equal values are not measured any better.
const resolution = 1e-4
