package profile

import (
	"fmt"
	"io"

	"github.com/google/pprof/profile"
)

// WritePprof writes the profile in the format of pprof, compressed. A sample counts
// the instructions of a thousand operations, so that profiles of rounds of different
// lengths can be subtracted with -diff_base. Its label "task" is what ran: -tagroot
// task shows each alone. Equal profiles give equal bytes.
func (p *Profile) WritePprof(w io.Writer) error {
	kernel := &profile.Mapping{ID: 1, File: "[kernel]", HasFunctions: true}
	program := &profile.Mapping{ID: 2, File: "ipcbench", HasFunctions: true}
	out := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "instructions", Unit: "count"}},
		Mapping:    []*profile.Mapping{kernel, program},
		Comments: []string{
			fmt.Sprintf("counts are instructions of %d operations of %s", scale, p.Cell),
			fmt.Sprintf("kernel %s %s, seed %d, QEMU %s", p.Kernel, p.Options, p.Seed, p.QEMU),
		},
	}
	locations := map[Function]*profile.Location{}
	for _, path := range p.Paths {
		n := p.perScale(path.Insns)
		if n == 0 {
			continue
		}
		s := &profile.Sample{Value: []int64{n}, Label: map[string][]string{"task": {path.Task}}}
		for i := len(path.Calls) - 1; i >= 0; i-- { // the leaf comes first
			call := path.Calls[i]
			at := locations[call]
			if at == nil {
				in := kernel
				if call.User {
					in = program
				}
				id := uint64(len(locations) + 1)
				fn := &profile.Function{ID: id, Name: call.Name, SystemName: call.Name}
				at = &profile.Location{ID: id, Mapping: in, Line: []profile.Line{{Function: fn}}}
				locations[call] = at
				out.Function, out.Location = append(out.Function, fn), append(out.Location, at)
			}
			s.Location = append(s.Location, at)
		}
		out.Sample = append(out.Sample, s)
	}
	if err := out.CheckValid(); err != nil {
		return err
	}
	return out.Write(w)
}
