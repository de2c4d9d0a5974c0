package plots

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/plot"
)

// Whatever an axis spans, its labels are a few, in order, in range, and
// different.
func TestTicks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		lo := math.Exp(r.Float64() * 25)
		hi := lo * (1.02 + math.Exp(r.Float64()*18) - 1)
		for _, a := range []Axis{
			{Unit: Bytes, Log: true}, {Unit: BytesPerSecond, Log: true}, {Unit: Nanoseconds, Log: true},
			{Unit: Count, Log: true}, {Unit: Count}, {Unit: Nanoseconds},
		} {
			got := ticks(a).Ticks(lo, hi)
			labels := map[string]bool{}
			for _, tick := range got {
				labels[tick.Label] = true
				if tick.Value < lo*0.999 || tick.Value > hi*1.001 {
					t.Errorf("%v %g to %g: %q is outside", a.Unit, lo, hi, tick.Label)
				}
			}
			sorted := slices.IsSortedFunc(got, func(a, b plot.Tick) int { return cmp.Compare(a.Value, b.Value) })
			if len(got) < 2 || len(got) > maxTicks || !sorted || len(labels) < len(got) && hi > 1.1*lo {
				t.Errorf("%v, log %v, %g to %g: %v", a.Unit, a.Log, lo, hi, got)
			}
		}
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		unit Unit
		v    float64
		want string
	}{
		{Bytes, 64, "64"}, {Bytes, 4096, "4KiB"}, {Bytes, 1 << 20, "1MiB"}, {Bytes, 4097, "4KiB"},
		{BytesPerSecond, 1 << 30, "1GiB/s"}, {BytesPerSecond, 1.5 * (1 << 30), "1.5GiB/s"}, {BytesPerSecond, 0.5, "0.5B/s"},
		{Nanoseconds, 4000, "4µs"}, {Nanoseconds, 999.96, "1µs"}, {Nanoseconds, 1e9, "1s"}, {Nanoseconds, 0, "0ns"},
		{Quantile, 1, "0 %"}, {Quantile, 2, "50 %"}, {Quantile, 100, "99 %"}, {Quantile, 1e6, "99.9999 %"},
		{Times, 1.05, "1.05×"}, {Count, 1024, "1024"}, {Count, 0.1234, "0.123"},
	} {
		if got := tt.unit.Format(tt.v); got != tt.want {
			t.Errorf("%g %s: %q, want %q", tt.v, tt.unit, got, tt.want)
		}
	}
}

func TestDodge(t *testing.T) {
	for _, tt := range []struct{ want, got []float64 }{
		{[]float64{10, 30, 60}, []float64{10, 30, 60}},             // there is room
		{[]float64{50, 50, 50}, []float64{40, 50, 60}},             // about where they belong
		{[]float64{0, 0, 90}, []float64{0, 10, 90}},                // not below the edge
		{[]float64{100, 100}, []float64{90, 100}},                  // nor above
		{[]float64{20, 22, 50, 51}, []float64{16, 26, 45.5, 55.5}}, // two groups
		{nil, nil},
	} {
		if got := dodge(tt.want, 10, 0, 100); !slices.Equal(got, tt.got) {
			t.Errorf("%v: %v, want %v", tt.want, got, tt.got)
		}
	}
}
