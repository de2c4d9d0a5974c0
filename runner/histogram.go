package runner

import (
	"encoding/binary"
	"errors"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/results"
)

// histogram is a distribution of latencies on its way from a worker: of every
// counter that is not 0, how many come before it since the last one, and its
// count, as uvarints. A worker does not compress it: doing so for the first
// time in its life costs a process a millisecond, in every launch.
type histogram []byte

func pack(h *hdrhistogram.Histogram) (packed histogram) {
	skipped := uint64(0)
	for _, n := range h.Export().Counts {
		if n == 0 {
			skipped++
			continue
		}
		packed = binary.AppendUvarint(binary.AppendUvarint(packed, skipped), uint64(n))
		skipped = 0
	}
	return packed
}

// counters is more than a distribution of that range and precision has.
const counters = 1 << 17

// unpack returns the distribution. An error says that this is none.
func (p histogram) unpack() (*hdrhistogram.Histogram, error) {
	var counts []int64
	for len(p) > 0 {
		skipped, n := binary.Uvarint(p)
		count, m := binary.Uvarint(p[max(n, 0):])
		if n <= 0 || m <= 0 || skipped > counters || len(counts) > counters {
			return nil, errors.New("a worker's histogram is none")
		}
		counts = append(append(counts, make([]int64, skipped)...), int64(count))
		p = p[n+m:]
	}
	return hdrhistogram.Import(&hdrhistogram.Snapshot{LowestTrackableValue: results.MinLatency, HighestTrackableValue: results.MaxLatency, SignificantFigures: results.LatencyDigits, Counts: counts}), nil
}
