package results

// Latency is a distribution of the time of single operations. A percentile
// that the sample does not carry is 0, which is absent: see Carries.
type Latency struct {
	Count   int64   `json:"count,omitempty"` // operations; 0: not known, as in benchmark text
	P50     int64   `json:"p50_ns,omitempty"`
	P90     int64   `json:"p90_ns,omitempty"`
	P99     int64   `json:"p99_ns,omitempty"`
	P999    int64   `json:"p999_ns,omitempty"`
	Max     int64   `json:"max_ns,omitempty"`    // of the operations that were measured: no percentile
	ClockNs float64 `json:"clock_ns,omitempty"`  // the cost of one reading of the clock, which is in every value
	HDR     string  `json:"histogram,omitempty"` // the whole distribution: HdrHistogram V2, compressed, base64
}

// Carries reports whether a sample of n carries a quantile q, given as its
// tail 1/(1-q): 2 for the median, 100 for the 99th percentile. It does from n
// = tail on: then at least one value lies beyond the estimate. Of fewer values
// the estimate is the largest one, under another name: the k-th of n values
// estimates the quantile k/(n+1) (Hyndman, Fan 1996), so that the largest
// reaches up to n/(n+1) and no further.
//
// With as many the largest value exceeds the true quantile 63 times in 100.
// Three times as many would make that 95 (Wilks 1941). They are not asked of
// one launch, since a cell's percentile is the median of its launches.
func Carries(n int64, tail float64) bool { return float64(n) >= tail }

// Tails of the percentiles that a record has. They are the least numbers of
// operations that carry them.
const (
	TailP50  = 2
	TailP90  = 10
	TailP99  = 100
	TailP999 = 1000
)

// percentiles of a Latency.
var percentiles = []struct {
	name string // as JSON has it
	tail int64
	of   func(*Latency) *int64
}{
	{"p50_ns", TailP50, func(l *Latency) *int64 { return &l.P50 }},
	{"p90_ns", TailP90, func(l *Latency) *int64 { return &l.P90 }},
	{"p99_ns", TailP99, func(l *Latency) *int64 { return &l.P99 }},
	{"p999_ns", TailP999, func(l *Latency) *int64 { return &l.P999 }},
}

// Trim drops the percentiles that n operations do not carry.
func (l *Latency) Trim(n int64) {
	for _, p := range percentiles {
		if !Carries(n, float64(p.tail)) {
			*p.of(l) = 0
		}
	}
}
