package kernels

import (
	"fmt"
	"strings"
	"testing"

	"ipcbench/bench"
	"ipcbench/results"
)

// A log with registers, as QEMU 7.2 writes it: a block that is taken back did not
// happen, and changes of address spaces are counted up to each stop.
func TestStopLog(t *testing.T) {
	const registers = `RAX=0000000000000001 RBX=0000000000000000 RCX=0000000000000000 RDX=0000000000000000
RSI=ffff888003c8c000 RDI=ffff888003c88000 RBP=0000000000000000 RSP=ffffc90000013e58
RIP=ffffffff81a00000 RFL=00000086 [--S--P-] CPL=0 II=0 A20=1 SMM=0 HLT=0
CR0=80050033 CR2=000000c000100000 CR3=0000000002bd4003 CR4=00350ef0
CCS=0000000000000000 CCD=0000000000000000 CCO=EFLAGS
`
	const trace = "Trace 0: 0x7f0b8c0004c0 [0000000000000000/ffffffff81a00000/00000430/ff000201] __switch_to_asm\n"
	var g stopLog
	g.read(strings.NewReader("CR3 update: CR3=1\n" + trace + registers + "Stopped execution of TB chain before 0x7f0b8c0004c0 [ffffffff81a00000] \n" +
		"CR3 update: CR3=2\n" + trace + registers + "CR3 update: CR3=3\n" + trace + registers + "Trace 0: 0x7f [0/401000/f3/1] Play\n"))
	want := stop{pc: 0xffffffff81a00000, ax: 1, si: 0xffff888003c8c000, di: 0xffff888003c88000, space: space{0x2bd4000, 4}}
	first, second := want, want
	first.changedSpaces, second.changedSpaces = 2, 3
	if len(g.stops) != 2 || g.stops[0] != first || g.stops[1] != second {
		t.Errorf("%+v", g.stops)
	}
}

// The last of the rounds is found, where it begins anew at a part that comes twice
// because Go has moved its stack; another number of rounds is an error.
func TestRoundOfSurvey(t *testing.T) {
	p := &profiling{cell: results.Cell{Workload: "PingPong", Mechanism: "pipe"}, parts: map[string]bench.Part{"ping": {}, "pong": {}}, play: 1, played: 2, switches: 3}
	var stops []stop
	changes := 0
	round := func(n int) {
		for i, s := range []uint64{0x1000, 0x2000, 0x2000} {
			if i < 2 || n == 0 {
				stops = append(stops, stop{pc: p.play, space: space{tables: s}, changedSpaces: changes})
			}
			changes++
		}
		for range n {
			changes++
			stops = append(stops, stop{pc: p.switches, changedSpaces: changes})
		}
		for range 2 {
			stops = append(stops, stop{pc: p.played, changedSpaces: changes})
		}
	}
	for _, n := range []int{5, 30, 7} {
		round(n)
	}
	s, err := p.round(stops)
	if err != nil || len(s.stops) != 2+7+2 || s.stops[0].pc != p.play {
		t.Fatalf("%+v, %v", s, err)
	}
	// Rounds begin at 0, 8 and 41 changes; in the second the parts play from 9 to 41.
	if got, want := fmt.Sprint(s.from), "[31 8 0]"; got != want {
		t.Errorf("a log may begin at %s, want %s", got, want)
	}
	round(3)
	if s, err := p.round(stops); err == nil {
		t.Errorf("four rounds: %+v", s)
	}
}
