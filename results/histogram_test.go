package results

import (
	"encoding/base64"
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
	if err != nil || h.TotalCount() != 4 || h.ValueAtPercentile(50) != 300 {
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

// What is written of a distribution is read as the same one, in either form.
func TestHistogramComesBack(t *testing.T) {
	h := NewHistogram()
	for v := int64(1); v <= MaxLatency; v = v*9/8 + 1 {
		if err := h.RecordValues(v, 1+v%1000); err != nil {
			t.Fatal(err)
		}
	}
	hdr, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{EncodeHistogram(h), string(hdr)} {
		back, err := (&Latency{HDR: text}).Histogram()
		if err != nil {
			t.Fatal(err)
		}
		again := NewHistogram()
		if dropped := back.MergeInto(again); dropped != 0 || !again.Equals(h) {
			t.Errorf("%.20s…: %d values dropped, %d of %d came back", text, dropped, again.TotalCount(), h.TotalCount())
		}
	}
}

// A text that is cut off, or changed, gives an error and no distribution of
// other values.
func TestDamagedHistogram(t *testing.T) {
	h := NewHistogram()
	for v := range int64(300) {
		if err := h.RecordValue(1000 + 7*v); err != nil {
			t.Fatal(err)
		}
	}
	text := EncodeHistogram(h)
	for n := range len(text) {
		if h, err := (&Latency{HDR: text[:n]}).Histogram(); err == nil {
			t.Errorf("the first %d of %d characters are a distribution of %d values", n, len(text), h.TotalCount())
		}
	}
	pack := func(n uint64, pairs ...uint64) string { // in order 0
		var b bitWriter
		b.write(0, 8)
		b.golomb(n, golombN)
		for _, v := range pairs {
			b.golomb(v, 0)
		}
		return base64.RawStdEncoding.EncodeToString(b.bytes)
	}
	for name, bad := range map[string]string{
		"no bucket":             pack(0),
		"more buckets than are": pack(1<<40, 1, 1),
		"a bucket too far":      pack(1, buckets, 0),
		"the second too far":    pack(2, buckets-1, 0, 0, 0),
		"a gap that wraps":      pack(2, 5, 0, 1<<61, 0),
		"a huge count":          pack(1, 0, 1<<60),
		"no count":              pack(2, 1, 1, 1),
		"more behind it":        pack(1, 0, 0, 0, 1<<20),
		"nothing but zeros":     strings.Repeat("A", 1<<20),
	} {
		l := &Latency{HDR: bad}
		var err error
		if n := allocated(func() { _, err = l.Histogram() }); err == nil || n > 8<<20 {
			t.Errorf("%s: %v, %d bytes", name, err, n)
		}
	}
}

func FuzzHistogram(f *testing.F) {
	own := NewHistogram()
	if err := own.RecordValues(5000, 3); err != nil {
		f.Fatal(err)
	}
	f.Add(EncodeHistogram(own))
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
