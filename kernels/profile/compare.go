package profile

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ipcbench/results"
)

// Change is what an operation takes in the old and in the new kernel.
type Change struct {
	Old float64 `json:"old"` // insns/op in the old kernel; 0 where there is one kernel
	New float64 `json:"new"` // insns/op in the new kernel
}

// By is by how much the new kernel takes more, in insns/op.
func (c Change) By() float64 { return c.New - c.Old }

// most is the larger side.
func (c Change) most() float64 { return max(c.Old, c.New) }

func (c *Change) add(side int, insns float64) {
	if side == 0 {
		c.Old += insns
	} else {
		c.New += insns
	}
}

// Side is a kernel of a comparison, and how its round was counted.
type Side struct {
	Kernel  string  `json:"kernel"`                     // its label
	Image   string  `json:"image,omitempty"`            // SHA-256 of the kernel's image
	Options string  `json:"options,omitempty"`          // the kernel's command line
	Seed    int     `json:"seed"`                       // of the boot
	Ops     int     `json:"ops"`                        // operations of the round
	Counted float64 `json:"counted_insns_op,omitempty"` // insns/op of the same round without profiling; 0: not measured
}

func sideOf(p *Profile) Side {
	return Side{p.Kernel, p.Image, p.Options, p.Seed, p.Ops, p.Counted}
}

// Comparison is one profile, or two of the same cell held against each other. All
// its numbers are instructions per operation. Functions add up to Total, and so do
// the tasks of Paths.
type Comparison struct {
	Cell      string `json:"cell"`          // its whole name
	QEMU      string `json:"qemu"`          // version
	Old       *Side  `json:"old,omitempty"` // the old kernel; missing where there is one
	New       Side   `json:"new"`           // the new kernel, or the only one
	Total     Change `json:"total"`         // insns/op of the profiled round
	Functions []Row  `json:"functions"`     // what changed most first
	Paths     []Node `json:"paths"`         // the tree of calls of each task, each function before what it called
}

// Row is a function, or several that only took each other's place.
type Row struct {
	Function
	Own   Change `json:"own"`             // what it executed itself
	All   Change `json:"all"`             // with what it called, each instruction once
	Group []Part `json:"group,omitempty"` // the functions that stand in this row; missing where it is one
	Why   string `json:"why,omitempty"`   // why they do, with the numbers that show it
}

// Part is a function of a row that has several.
type Part struct {
	Function
	Own Change `json:"own"` // what it executed itself
}

// One is the comparison of a profile with nothing.
func One(p *Profile) *Comparison { return compare(nil, p) }

// Compare holds two profiles of a cell against each other. Those of another cell,
// seed or QEMU are refused: their counts differ for other reasons.
func Compare(old, new *Profile) (*Comparison, error) {
	for _, d := range []struct{ what, old, new string }{
		{"cells", old.Cell, new.Cell},
		{"versions of QEMU", old.QEMU, new.QEMU},
		{"seeds", fmt.Sprint(old.Seed), fmt.Sprint(new.Seed)},
	} {
		if d.old != d.new {
			return nil, fmt.Errorf("the profiles are of different %s, %s and %s: profile both kernels alike", d.what, results.Quote(d.old), results.Quote(d.new))
		}
	}
	return compare(old, new), nil
}

func compare(old, new *Profile) *Comparison {
	c := &Comparison{Cell: new.Cell, QEMU: new.QEMU, New: sideOf(new)}
	f := newFlat(old, new)
	if old != nil {
		side := sideOf(old)
		c.Old = &side
		c.Total.Old = old.PerOp()
		f.group()
	}
	c.Total.New = new.PerOp()
	c.Functions = f.rows()
	c.Paths = f.tree()
	return c
}

// flat is what each function took in both kernels.
type flat struct {
	sides  [2]*Profile // the old one may be nil
	counts map[Function]*count
	groups []*group
	of     map[Function]*group
}

// count is what a function took.
type count struct {
	own, all Change
	below    map[Function]*Change // own in the only kernel that has it, by the nearest caller that both have
}

// each calls f with every path of both kernels and with its instructions per
// operation.
func (f *flat) each(do func(side int, path *Path, insns float64)) {
	for side, p := range f.sides {
		if p == nil {
			continue
		}
		for i := range p.Paths {
			do(side, &p.Paths[i], float64(p.Paths[i].Insns)/float64(p.Ops))
		}
	}
}

func newFlat(old, new *Profile) *flat {
	f := &flat{sides: [2]*Profile{old, new}, counts: map[Function]*count{}, of: map[Function]*group{}}
	f.each(func(side int, path *Path, insns float64) {
		for i, call := range path.Calls {
			n := f.counts[call]
			if n == nil {
				n = &count{below: map[Function]*Change{}}
				f.counts[call] = n
			}
			if !slices.Contains(path.Calls[:i], call) { // a function that calls itself counts once
				n.all.add(side, insns)
			}
		}
		f.counts[path.Calls[len(path.Calls)-1]].own.add(side, insns)
	})
	return f
}

// rows are the functions with their groups, what changed most first.
func (f *flat) rows() (rows []Row) {
	for _, g := range f.groups {
		rows = append(rows, g.row(f))
	}
	for call, n := range f.counts {
		if f.of[call] == nil && n.own != (Change{}) {
			rows = append(rows, Row{Function: call, Own: n.own, All: n.all})
		}
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(-cmp.Compare(math.Abs(a.Own.By()), math.Abs(b.Own.By())), -cmp.Compare(a.Own.most(), b.Own.most()), compareFunctions(a.Function, b.Function))
	})
	return rows
}

func compareFunctions(a, b Function) int {
	if a.User != b.User {
		if b.User {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.Name, b.Name)
}
