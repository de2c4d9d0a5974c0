package gate

import (
	"cmp"
	"encoding/binary"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// family is all cells of a test in the form that relabelling needs.
type family struct {
	cells    []pooled
	patterns []pattern
	passes   int
	plain    bool // neither clipped nor shrunk
}

// pooled is a cell's launches of both sides, the new ones less the shift,
// less their median.
type pooled struct {
	y       []float32 // half the memory, and far more digits than a launch has
	pattern int       // which passes they were part of
	sum, sq float64   // Σy, Σy²
}

// pattern is the passes in which cells were launched. Cells that were
// launched in the same ones share it, and with it every relabelling.
type pattern struct {
	passes []int32 // of the old launches, then of the new
	news   int     // how many are new
}

// labels says for each pattern which of its launches are called new: 1, or 0.
// A sum over the new ones is a product with them, which costs no jumps.
type labels [][]float32

func newFamily(cells iter.Seq[Cell], t Test) *family {
	f := &family{plain: t.Plain}
	known := map[string]int{}
	var key []byte
	for c := range cells {
		key = binary.AppendUvarint(key[:0], uint64(len(c.New)))
		for _, pass := range c.OldPass {
			key = binary.AppendUvarint(key, uint64(pass))
		}
		for _, pass := range c.NewPass {
			key = binary.AppendUvarint(key, uint64(pass))
		}
		p, ok := known[string(key)]
		if !ok {
			p = len(f.patterns)
			known[string(key)] = p
			passes := slices.Concat(c.OldPass, c.NewPass)
			f.patterns = append(f.patterns, pattern{passes, len(c.New)})
			f.passes = max(f.passes, int(slices.Max(passes))+1)
		}
		y := slices.Concat(c.Old, c.New)
		if t.Fall {
			for i := range y {
				y[i] = -y[i]
			}
		}
		for i := range c.New {
			y[len(c.Old)+i] -= t.Shift
		}
		center(y)
		if !t.Plain {
			clip(y)
		}
		cell := pooled{y: make([]float32, len(y)), pattern: p}
		for i, v := range y {
			cell.y[i] = float32(v)
			v = float64(cell.y[i])
			cell.sum += v
			cell.sq += v * v
		}
		f.cells = append(f.cells, cell)
	}
	return f
}

// center subtracts the median.
func center(y []float64) {
	middle := median(y)
	for i := range y {
		y[i] -= middle
	}
}

// far is how many standard deviations, as the median absolute deviation
// estimates them, a launch may lie off its cell's median.
const far = 3

// clip pulls what lies farther off the median, which is 0, up to there. It
// knows nothing of old and new, so a relabelling stays as likely as any other.
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

func median(values []float64) float64 {
	s := slices.Clone(values)
	n := len(s)
	high := nth(s, n/2)
	if n%2 == 1 {
		return high
	}
	return (slices.Max(s[:n/2]) + high) / 2
}

// nth returns the value that has k others before it in order, from 0. It
// leaves those in front of it (Hoare 1961, Algorithm 65: Find).
func nth(s []float64, k int) float64 {
	for lo, hi := 0, len(s)-1; lo < hi; {
		pivot := s[(lo+hi)/2]
		i, j := lo, hi
		for i <= j {
			for s[i] < pivot {
				i++
			}
			for s[j] > pivot {
				j--
			}
			if i <= j {
				s[i], s[j] = s[j], s[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return s[k]
		}
	}
	return s[k]
}

// actual returns the labels as they are.
func (f *family) actual() labels {
	l := make(labels, len(f.patterns))
	for i, p := range f.patterns {
		l[i] = make([]float32, len(p.passes))
		for j := len(p.passes) - p.news; j < len(p.passes); j++ {
			l[i][j] = 1
		}
	}
	return l
}

// relabel draws labels. Passes are put into a random order, and in each
// pattern the first ones are called new: each choice of its passes is as likely
// as any other, and patterns that share passes share their fate.
func (f *family) relabel(l labels, seed, draw uint64) {
	r := rand.New(rand.NewPCG(seed, draw))
	rank := r.Perm(f.passes)
	for i, p := range f.patterns {
		if len(p.passes) == f.passes { // of all passes the ranks are known
			for j, pass := range p.passes {
				l[i][j] = 0
				if rank[pass] < p.news {
					l[i][j] = 1
				}
			}
			continue
		}
		order := make([]int, len(p.passes))
		for j := range order {
			order[j] = j
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(rank[p.passes[a]], rank[p.passes[b]]) })
		clear(l[i])
		for _, j := range order[:p.news] {
			l[i][j] = 1
		}
	}
}

// statistics computes each cell's moderated t under the labels, and its
// standard error where se is not nil.
func (f *family) statistics(l labels, t, se []float64) {
	v := variances{}
	s2 := make([]float64, len(f.cells))
	for i := range f.cells {
		c := &f.cells[i]
		n1, n2 := f.sizes(c)
		sum := dot(c.y, l[c.pattern])
		rest := c.sum - sum
		t[i] = sum/n2 - rest/n1
		df := n1 + n2 - 2
		s2[i] = max((c.sq-sum*sum/n2-rest*rest/n1)/df, resolution*resolution)
		v.add(s2[i], df)
	}
	prior := v.prior()
	if f.plain {
		prior.df = 0
	}
	for i := range f.cells {
		c := &f.cells[i]
		n1, n2 := f.sizes(c)
		e := math.Sqrt(prior.shrink(s2[i], n1+n2-2) * (1/n1 + 1/n2))
		t[i] /= e
		if se != nil {
			se[i] = e
		}
	}
}

// sizes is how many of the cell's launches are called old and new.
func (f *family) sizes(c *pooled) (n1, n2 float64) {
	news := f.patterns[c.pattern].news
	return float64(len(c.y) - news), float64(news)
}

// dot sums y where label is 1.
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
