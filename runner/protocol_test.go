package runner

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/results"
)

// What a worker counted is what its record holds, to the last byte of the
// encoding.
func TestHistogramPacked(t *testing.T) {
	h := results.NewHistogram()
	for _, ns := range []int64{results.MinLatency, 2, 2, 300, 5e3, 5e3, 7e6, results.MaxLatency} {
		if err := h.RecordValue(ns); err != nil {
			t.Fatal(err)
		}
	}
	got, err := pack(h).unpack()
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(h *hdrhistogram.Histogram) string {
		b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if g, w := encoded(got), encoded(h); g != w || got.TotalCount() != 8 || got.ValueAtQuantile(50) != 300 || got.Max() < int64(time.Minute) {
		t.Errorf("unpacked: %d values, median %d, greatest %d, encoded as %q; want %q", got.TotalCount(), got.ValueAtQuantile(50), got.Max(), g, w)
	}
	for _, broken := range []string{"\x01", "\xff", "\x80\x80\x80\x80\x10\x01"} {
		if h, err := histogram(broken).unpack(); err == nil {
			t.Errorf("%q is %d values, want an error", broken, h.TotalCount())
		}
	}
}
