package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"ipcbench/compare/gate"
	"ipcbench/internal/need"
	"ipcbench/internal/text"
)

// drawn is how many suites the tests draw; bound is the highest share of alarms in them that a rate of 1 %
// gives in all but one case in ten thousand.
const (
	drawn = 300
	bound = 11.0 / drawn
)

// The gate must hold its level where it is hardest: every one of 300 cells is
// slower by just the threshold.
func TestGateHoldsItsLevel(t *testing.T) {
	need.Time(t)
	for _, n := range []int{6, 10} {
		if got := falseAlarms(theGate, at(0.03), 300, n, drawn, threshold); got > bound {
			t.Errorf("n = %d: %.3f of suites have a false alarm, want at most %v", n, got, alpha)
		}
		if got := falseAlarms(theGate, at(0.03), 300, n, 50, 0); got != 0 {
			t.Errorf("n = %d: %.3f of suites in which nothing changed have a false alarm", n, got)
		}
	}
}

// Cells that did not change are held at the level where most others did, too.
// With one prior for all rounds 5 to 25 % of these suites have a false alarm.
func TestGateHoldsItsLevelWhereMostChanged(t *testing.T) {
	need.Time(t)
	for _, name := range []string{"80 % of the cells 100 % slower", "95 % of the cells 15 % slower", "pairs, 80 % of the cells 100 % slower"} {
		c := hardNamed(t, name)
		if got := c.alarms(drawn, threshold); got > bound {
			t.Errorf("%s, n = %d: %.3f of suites have a false alarm, want at most %v", c.name, c.n, got, alpha)
		}
	}
}

// Where the side with fewer launches varies more, the level is off by some
// percent: with a pooled variance by twice as much.
func TestGateAtUnequalNumbers(t *testing.T) {
	need.Time(t)
	c := hardNamed(t, "20 old and 6 new launches, new twice as noisy")
	if got := c.alarms(drawn, threshold); got > 0.07 {
		t.Errorf("%.3f of suites have a false alarm", got)
	}
}

// The simulation has teeth: what the gate can't hold shows in it.
func TestHardCasesAreHard(t *testing.T) {
	need.Time(t)
	for _, name := range []string{"launches correlated with the ones before, 0.6", "a second mode in 1 % of the cells, drawn once a side"} {
		if got := hardNamed(t, name).alarms(100, threshold); got < 0.05 {
			t.Errorf("%s: %.3f of suites have a false alarm: the case is none", name, got)
		}
	}
}

func hardNamed(t *testing.T, name string) hardCase {
	t.Helper()
	for _, c := range hardCases() {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("no case %q", name)
	return hardCase{}
}

// The page holds what the simulation gives. All of it takes long: some rows
// show whether it was run since the gate last changed.
func TestPageIsUpToDate(t *testing.T) {
	need.Time(t)
	was, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	rows := [][]any{candidatesRow(10, 6), powerRow(10, 6, 0.03), raceNamed(t, "others 5.1 % slower, 5 %").row(2), aliasRow(2, 0.02),
		search(1).foundRow(0.1, steppedSeries), placedRow(0.1, 8, steppedSeries)}
	for _, l := range allLaunches() {
		rows = append(rows, l.row(6))
	}
	if need.Long() {
		rows = append(rows, powerRow(10, 10, 0.05), hardNamed(t, "20 old and 6 new launches").row(), untilRow(0.03))
	}
	for _, row := range rows {
		var b strings.Builder
		text.Row(&b, row...)
		if !strings.Contains(string(was), "\n"+b.String()) {
			t.Errorf("%s lacks %q: run go run ./tools/gatesim", page, b.String())
		}
	}
}

// The interval of a median covers it in 94 to 96 % of cells, and one launch in
// twenty that is far off does not make it many times as wide.
func TestIntervalsCover(t *testing.T) {
	need.Time(t)
	for _, l := range allLaunches() {
		for _, n := range []int{6, 10} {
			row := l.row(n)
			var covers, half float64
			if _, err := fmt.Sscanf(fmt.Sprint(row[2], " ", row[3]), "%g %g", &covers, &half); err != nil {
				t.Fatal(row, err)
			}
			if covers < 0.94 || covers > 0.96 || half > 20 {
				t.Errorf("%s, n = %d: the interval covers the median in %v of cells, and is %v %% wide by half", l.name, n, covers, half)
			}
		}
	}
}

// The simulation can fail a test: one that does not correct for the number of
// cells gives an alarm in nearly every suite.
func TestUncorrectedTestFails(t *testing.T) {
	need.Time(t)
	uncorrected := method{"U", func(cells []gate.Cell, _ uint64) []float64 { return exactU(cells) }}
	if got := falseAlarms(uncorrected, at(0.03), 300, 10, 30, threshold); got < 0.5 {
		t.Errorf("an uncorrected test gives a false alarm in %.2f of suites: the simulation proves nothing", got)
	}
}

func TestGateDetects(t *testing.T) {
	need.Time(t)
	got := detected(theGate, at(0.03), 300, 10, 50, []float64{0.15, 0.25})
	if got[0] < 0.4 || got[1] < 0.8 {
		t.Errorf("changes of 15 and 25 %% are detected in %.2f and %.2f of cells", got[0], got[1])
	}
}

func TestPairsDetectUnderDrift(t *testing.T) {
	need.Time(t)
	z := at(0.03)
	z.turns, z.drift = true, 0.3
	two, pairs := detected(theGate, z, 300, 10, 30, []float64{0.15})[0], detected(inPairs, z, 300, 10, 30, []float64{0.15})[0]
	if two > 0.1 || pairs < 0.4 {
		t.Errorf("of changes of 15 %%, two samples detect %.2f and pairs %.2f", two, pairs)
	}
}

func TestNoiseIsAsStated(t *testing.T) {
	cells := noise{cv: 0.05, louder: 2}.suite(rand.New(rand.NewPCG(1, 1)), 1, 20000, 0, 0.1)
	if got := sd(cells[0].Old); got < 0.049 || got > 0.051 {
		t.Errorf("standard deviation %v, want 0.05", got)
	}
	if got := sd(cells[0].New); got < 0.098 || got > 0.102 {
		t.Errorf("standard deviation of the noisier side %v, want 0.1", got)
	}
}

func sd(values []float64) float64 {
	var sum, sq float64
	for _, v := range values {
		sum += v
		sq += v * v
	}
	n := float64(len(values))
	return math.Sqrt(sq/n - sum*sum/n/n)
}

func TestPicture(t *testing.T) {
	svg := picture([]panel{{"title", []float64{0, 0.1}, []curve{{6, []float64{0, 1}}}}})
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Errorf("not XML: %v", err)
	}
	if !strings.HasPrefix(svg, "<svg") || strings.Count(svg, "<g ") != 1 || !strings.Contains(svg, "n = 6") {
		t.Errorf("not the picture asked for: %s", svg)
	}
}

func TestHolm(t *testing.T) {
	if got, want := holm([]float64{0.02, 0.01, 0.5}), []float64{0.04, 0.03, 0.5}; !slices.Equal(got, want) {
		t.Errorf("Holm gives %v, want %v", got, want)
	}
}

// A series of launches has the correlation that it is meant to have.
func TestLagIsAsStated(t *testing.T) {
	need.Time(t)
	y := noise{cv: 0.05, louder: 1, lag: 0.3}.suite(rand.New(rand.NewPCG(1, 1)), 1, 20000, 0)[0].Old
	var product float64
	for i := 1; i < len(y); i++ {
		product += y[i] * y[i-1]
	}
	if got := product / float64(len(y)) / (sd(y) * sd(y)); math.Abs(got-0.3) > 0.03 {
		t.Errorf("correlation %v, want 0.3", got)
	}
}

// No cell loses a fifth of its launches: it would have no number.
func TestDiscardsAreFew(t *testing.T) {
	need.Time(t)
	z := at(0.03)
	z.outlier, z.voided = 0.9, 1
	for _, c := range z.suite(rand.New(rand.NewPCG(1, 1)), 50, 10, 0) {
		if len(c.Old) != 9 || len(c.New) != 10 {
			t.Errorf("%d old and %d new launches, want 9 and 10", len(c.Old), len(c.New))
		}
	}
}

// What a verdict claims to see is found about as often as it says, also where
// launches far off or unequal variances make it hard.
func TestClaimsHold(t *testing.T) {
	need.Time(t)
	for _, c := range claimed() {
		if c.cells == 10 {
			continue
		}
		c.cells = 60
		claimed, found := c.try(100)
		if t.Logf("%s, n = %d: claims %.3f, finds %.3f", c.name, c.n, claimed, found); found < 0.85 || claimed < threshold {
			t.Errorf("%s, n = %d: of changes of %.3f, which it claims to see in 95 %%, it finds %.3f", c.name, c.n, claimed, found)
		}
	}
}
