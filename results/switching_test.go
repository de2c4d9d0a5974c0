package results

import (
	"math"
	"testing"
)

// counts are the rounds of a boot of Linux, as they were counted.
func counts(rounds ...Round) *Record {
	for i := range rounds {
		rounds[i].Kind = "timed"
		if i >= len(rounds)-2 {
			rounds[i].Kind = "calm"
		}
	}
	return &Record{Rounds: rounds}
}

func counted(ops, insns, switches int64) Round {
	return Round{Ops: ops, Insns: insns, Switches: Known(switches)}
}

// The path of a message is one number however many messages the timed rounds have and
// however often the scheduler switched in them, and its change from one kernel to
// another has one sign. Rounds of one seed on Linux 6.1 and 6.12, 64 bytes.
func TestPathDoesNotDependOnMessages(t *testing.T) {
	for name, c := range map[string]struct {
		old, new [2]*Record // with 4,000 and with 30,000 messages
		longer   bool       // in new
		takes    [2]float64 // what a switch takes, with 30,000; 0: not known
	}{
		"socketpair": {
			old: [2]*Record{
				counts(counted(2000, 9990582, 16), counted(2000, 9933939, 14), counted(2000, 9985544, 16), counted(10000, 49433735, 75)),
				counts(counted(15000, 93280826, 7348), counted(15000, 93032313, 7285), counted(2000, 9962409, 17), counted(10000, 49421567, 75)),
			},
			new: [2]*Record{
				counts(counted(2000, 10677455, 232), counted(2000, 10751582, 249), counted(2000, 10051621, 16), counted(10000, 49686432, 75)),
				counts(counted(15000, 80911020, 2181), counted(15000, 80353773, 2047), counted(2000, 10022068, 16), counted(10000, 49720348, 76)),
			},
			longer: true, takes: [2]float64{2647, 3050},
		},
		"pipe": {
			old: [2]*Record{
				counts(counted(2000, 4677795, 3), counted(2000, 4676927, 3), counted(2000, 4673905, 3), counted(10000, 22952067, 22)),
				counts(counted(15000, 34359521, 35), counted(15000, 36430705, 824), counted(2000, 4681047, 2), counted(10000, 22918863, 21)),
			},
			new: [2]*Record{
				counts(counted(2000, 4595544, 4), counted(2000, 4617254, 4), counted(2000, 4612521, 4), counted(10000, 22733709, 24)),
				counts(counted(15000, 33986322, 36), counted(15000, 33998673, 36), counted(2000, 4604591, 6), counted(10000, 22718087, 24)),
			},
			takes: [2]float64{2717, 0},
		},
	} {
		for _, r := range []*Record{c.old[0], c.old[1], c.new[0], c.new[1]} {
			r.SplitSwitches()
		}
		for _, side := range [][2]*Record{c.old, c.new} {
			if few, many := side[0].PathInsns, side[1].PathInsns; math.Abs(few/many-1) > 0.01 {
				t.Errorf("%s: a path of %v by 4,000 messages and of %v by 30,000", name, few, many)
			}
		}
		for i := range 2 {
			if old, new := c.old[i].PathInsns, c.new[i].PathInsns; new > old != c.longer {
				t.Errorf("%s: the path is %v and then %v, want it longer: %v", name, old, new, c.longer)
			}
		}
		for i, r := range []*Record{c.old[1], c.new[1]} {
			if math.Abs(r.SwitchInsns-c.takes[i]) > 1 {
				t.Errorf("%s: a switch takes %v, want %v", name, r.SwitchInsns, c.takes[i])
			}
		}
		if got := c.old[0].SwitchInsns; got != 0 {
			t.Errorf("%s: a switch takes %v where too few happened", name, got)
		}
	}
}

// A record has no path without two calm rounds of different lengths.
func TestNoPathWithoutCalmRounds(t *testing.T) {
	for name, r := range map[string]*Record{
		"none":      {Rounds: []Round{{Kind: "timed", Ops: 10, Insns: 100}}},
		"one":       {Rounds: []Round{{Kind: "timed", Ops: 10, Insns: 100}, {Kind: "calm", Ops: 10, Insns: 90}}},
		"equal":     counts(counted(10, 100, 1), counted(10, 90, 1), counted(10, 95, 1)),
		"uncounted": counts(Round{Ops: 10, ElapsedNs: 5}, Round{Ops: 10, ElapsedNs: 5}, Round{Ops: 20, ElapsedNs: 9}),
	} {
		if r.SplitSwitches(); r.PathInsns != 0 || r.SwitchInsns != 0 {
			t.Errorf("%s: a path of %v, %v a switch", name, r.PathInsns, r.SwitchInsns)
		}
	}
}
