package profile

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"ipcbench/results"
)

// scale is how many operations the integers of pprof and of folded stacks count the
// instructions of: an instruction that one operation in a hundred executes still
// counts 10.
const scale = 1000

// perScale is how many instructions of a path a thousand operations have.
func (p *Profile) perScale(insns int64) int64 {
	return int64(math.Round(float64(insns) * scale / float64(p.Ops)))
}

// WriteFolded writes folded stacks, as flamegraph.pl reads them: a line a path, its
// calls joined by semicolons below the task, and the instructions of a thousand
// operations. With an old profile there are two numbers, the old one first, as
// difffolded.pl has them. Names are those of the profiles.
func WriteFolded(w io.Writer, old, new *Profile) error {
	stacks := map[string]*[2]int64{}
	for side, p := range []*Profile{old, new} {
		if p == nil {
			continue
		}
		for _, path := range p.Paths {
			frames := []string{frame(path.Task)}
			for _, call := range path.Calls {
				frames = append(frames, frame(call.Name))
			}
			stack := strings.Join(frames, ";")
			if stacks[stack] == nil {
				stacks[stack] = &[2]int64{}
			}
			stacks[stack][side] += p.perScale(path.Insns)
		}
	}
	out := bufio.NewWriter(w)
	for _, stack := range slices.Sorted(maps.Keys(stacks)) {
		n := stacks[stack]
		switch {
		case *n == [2]int64{}:
		case old == nil:
			fmt.Fprintf(out, "%s %d\n", stack, n[1])
		default:
			fmt.Fprintf(out, "%s %d %d\n", stack, n[0], n[1])
		}
	}
	return out.Flush()
}

// frame is a name without what ends a frame or a line.
func frame(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ';' || unicode.IsSpace(r) {
			return '_'
		}
		return r
	}, results.Quote(name))
}
