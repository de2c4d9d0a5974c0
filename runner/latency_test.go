package runner

import (
	"fmt"
	"testing"

	"ipcbench/results"
)

// A launch's percentiles are those that its operations carry: from as many on
// as leave one beyond.
func TestLatencyOfFewOperations(t *testing.T) {
	h, n := results.NewHistogram(), 0
	for _, c := range []struct {
		n    int
		want string // p50, p90, p99, p99.9
	}{
		{1, "0 0 0 0"}, {2, "1 0 0 0"}, {9, "5 0 0 0"}, {10, "5 9 0 0"}, {99, "50 89 0 0"}, {100, "50 90 99 0"}, {999, "500 899 989 0"}, {1000, "500 900 990 999"},
	} {
		for ; n < c.n; n++ {
			if err := h.RecordValue(int64(n + 1)); err != nil {
				t.Fatal(err)
			}
		}
		l, err := (&Round{Latencies: pack(h)}).Latency()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(l.P50, l.P90, l.P99, l.P999); got != c.want || l.Max != int64(c.n) || l.Count != int64(c.n) {
			t.Errorf("1 to %d ns: %s, max %d of %d; want %s", c.n, got, l.Max, l.Count, c.want)
		}
	}
	if l, err := (&Round{Latencies: pack(results.NewHistogram())}).Latency(); l != nil || err != nil {
		t.Errorf("no operation: %+v, %v; want no distribution", l, err)
	}
}
