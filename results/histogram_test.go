package results

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func encoded(t testing.TB, lo, hi int64, digits int) *Latency {
	t.Helper()
	h := hdrhistogram.New(lo, hi, digits)
	for _, v := range []int64{lo, 300, 300, 5000} {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return &Latency{HDR: string(text)}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Only the geometry that the suite records in is decoded: any other may take
// 50 MB of counters for each 100 bytes of text.
func TestHistogramRefusesOtherGeometries(t *testing.T) {
	own := encoded(t, MinLatency, MaxLatency, LatencyDigits)
	h, err := own.Histogram()
	if err != nil || h.TotalCount() != 4 || h.ValueAtQuantile(50) != 300 {
		t.Fatalf("the suite's own: %v, %v", h, err)
	}
	for _, g := range []struct {
		lo, hi int64
		digits int
	}{{1, 1<<62 - 1, 5}, {1, MaxLatency, 5}, {1, MaxLatency * 2, 3}, {10, MaxLatency, 3}, {1, MaxLatency, 2}} {
		l := encoded(t, g.lo, g.hi, g.digits)
		var err error
		n := allocated(func() { _, err = l.Histogram() })
		if want := fmt.Sprintf("to %d ns in %d digits: want from 1 to 60000000000 ns in 3 digits", g.hi, g.digits); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", g, err)
		}
		if n > 1<<20 {
			t.Errorf("%+v: %d bytes to refuse %d", g, n, len(l.HDR))
		}
	}
}

func FuzzHistogram(f *testing.F) {
	f.Add(encoded(f, MinLatency, MaxLatency, LatencyDigits).HDR)
	f.Add(encoded(f, 1, 1<<62-1, 5).HDR)
	f.Add("")
	f.Add("HISTFAAAAAA=")
	f.Fuzz(func(t *testing.T, text string) {
		l := &Latency{HDR: text}
		n := allocated(func() {
			if h, err := l.Histogram(); err == nil && h.TotalCount() <= 0 {
				t.Errorf("%d values", h.TotalCount())
			}
		})
		if n > 8<<20+64*uint64(len(text)) {
			t.Errorf("%d bytes for a text of %d", n, len(text))
		}
	})
}
