package results

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

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

// The geometry of every latency distribution of the suite: its range, in ns,
// and its precision, in decimal digits.
const (
	MinLatency    = 1
	MaxLatency    = int64(time.Minute)
	LatencyDigits = 3
)

// NewHistogram returns an empty distribution of latencies, in ns.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(MinLatency, MaxLatency, LatencyDigits)
}

// Histogram decodes the whole distribution, in ns. An error means that the
// text is damaged or empty, or that its geometry is not the suite's.
func (l *Latency) Histogram() (h *hdrhistogram.PackedHistogram, err error) {
	defer func() { // the library trusts the lengths that it finds inside
		if p := recover(); p != nil {
			h, err = nil, fmt.Errorf("damaged: %v", p)
		}
	}()
	if strings.HasPrefix(l.HDR, hdrPrefix) {
		h, err = decodeHDR(l.HDR)
	} else {
		h, err = decodeBuckets(l.HDR)
	}
	if err == nil && h.TotalCount() == 0 {
		err = errors.New("empty")
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// EncodeHistogram is the text of a distribution that NewHistogram made: bits in
// base64 without padding, the first bit of a byte its highest. They are numbers
// in Exp-Golomb code: k of the gaps and k of the counts, 4 bits each; n, with k =
// 8; and n times how many empty buckets come before a bucket, and its count less
// 1. Bucket i below 2048 holds i ns; a later one the values from
// (i mod 1024 + 1024) << (i/1024 - 1) ns to the next.
//
// Of a thousand round trips through a pipe that is some 250 characters, where an
// HdrHistogram V2 takes 384.
func EncodeHistogram(h *hdrhistogram.Histogram) string {
	var numbers [2][]uint64 // gaps and counts
	gap := uint64(0)
	for _, count := range h.Export().Counts {
		if count == 0 {
			gap++
			continue
		}
		numbers[0], numbers[1] = append(numbers[0], gap), append(numbers[1], uint64(count-1))
		gap = 0
	}
	var k [2]uint
	for i := range k {
		k[i] = shortest(numbers[i])
	}
	var b bitWriter
	b.write(uint64(k[0]), 4)
	b.write(uint64(k[1]), 4)
	b.golomb(uint64(len(numbers[0])), golombN)
	for i := range numbers[0] {
		b.golomb(numbers[0][i], k[0])
		b.golomb(numbers[1][i], k[1])
	}
	return base64.RawStdEncoding.EncodeToString(b.bytes)
}

const golombN = 8

// shortest is the k that takes the fewest bits for the numbers.
func shortest(numbers []uint64) (best uint) {
	least := math.MaxInt
	for k := range uint(16) {
		size := 0
		for _, n := range numbers {
			size += 2*bits.Len64(n+1<<k) - 1 - int(k)
		}
		if size < least {
			least, best = size, k
		}
	}
	return best
}

// buckets is how many a distribution of the suite's geometry has: 1,024 from
// each power of two on, from 2^11 to 2^36 ns, and 2,048 below.
const buckets = 27 << 10

// decodeBuckets reads what EncodeHistogram writes.
func decodeBuckets(text string) (*hdrhistogram.PackedHistogram, error) {
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	b := bitReader{bytes: raw}
	gaps, counts := uint(b.read(4)), uint(b.read(4))
	n := b.golomb(golombN)
	h := hdrhistogram.NewPacked(MinLatency, MaxLatency, LatencyDigits)
	for at := uint64(0); n > 0 && !b.cut; n-- {
		gap, count := b.golomb(gaps), b.golomb(counts)
		if at += gap; gap >= buckets || at >= buckets || count >= 1<<53 {
			return nil, fmt.Errorf("%d operations in bucket %d: want at most 2^53, and %d buckets", count, at, buckets)
		}
		if err := h.RecordValues(lowest(at), int64(count)+1); err != nil {
			return nil, err
		}
		at++
	}
	if b.cut || len(b.bytes)*8-b.at > 7 {
		return nil, errors.New("the distribution is cut off, or something follows it")
	}
	return h, nil
}

// lowest is the lowest value, in ns, of a bucket of the suite's geometry.
func lowest(bucket uint64) int64 {
	if bucket < 2048 {
		return int64(bucket)
	}
	return int64(bucket%1024+1024) << (bucket/1024 - 1)
}

// hdrPrefix is how an HdrHistogram V2 begins, which is the text of a
// distribution in records of schema 1: its cookie, and that it is shorter than
// 64 KiB.
const hdrPrefix = "HISTFAAA"

// decodeHDR reads an HdrHistogram V2. The header decides before anything is
// decoded: a geometry of 1 ns to 292 years in 5 digits makes 50 MB of counters
// of 100 bytes of text.
func decodeHDR(text string) (*hdrhistogram.PackedHistogram, error) {
	if err := checkGeometry(text); err != nil {
		return nil, err
	}
	return hdrhistogram.DecodePacked([]byte(text))
}

// hdrHeader is how an HdrHistogram V2 begins, inside of its compression.
type hdrHeader struct {
	Cookie, Payload, Offset, Digits int32
	Lowest, Highest                 int64
	Ratio                           float64
}

// checkGeometry refuses a distribution that NewHistogram did not make, from
// its first 40 bytes.
func checkGeometry(text string) error {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	if len(raw) < 8 {
		return fmt.Errorf("%d bytes: want at least 8", len(raw))
	}
	inflated, err := zlib.NewReader(bytes.NewReader(raw[8:])) // a cookie and a length come before
	if err != nil {
		return err
	}
	defer inflated.Close()
	var h hdrHeader
	if err := binary.Read(inflated, binary.BigEndian, &h); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("the header is cut off")
		}
		return err
	}
	if h.Lowest != MinLatency || h.Highest != MaxLatency || h.Digits != LatencyDigits {
		return fmt.Errorf("from %d to %d ns in %d digits: want from %d to %d ns in %d digits, as ipcbench records it",
			h.Lowest, h.Highest, h.Digits, MinLatency, MaxLatency, LatencyDigits)
	}
	if h.Ratio != 1 {
		return fmt.Errorf("values are scaled by %v: want nanoseconds", h.Ratio)
	}
	return nil
}

// bitWriter writes numbers as bits, the highest first.
type bitWriter struct {
	bytes []byte
	free  int // bits of the last byte
}

// write appends the low n bits of v.
func (b *bitWriter) write(v uint64, n int) {
	for ; n > 0; n-- {
		if b.free == 0 {
			b.bytes, b.free = append(b.bytes, 0), 8
		}
		b.free--
		b.bytes[len(b.bytes)-1] |= byte(v>>(n-1)&1) << b.free
	}
}

// golomb appends v in Exp-Golomb code of order k: as many zeros as v + 2^k has
// bits beyond k + 1, and v + 2^k.
func (b *bitWriter) golomb(v uint64, k uint) {
	v += 1 << k
	n := bits.Len64(v)
	b.write(0, n-1-int(k))
	b.write(v, n)
}

// bitReader reads what a bitWriter wrote. Beyond the end it reads zeros, and is
// cut.
type bitReader struct {
	bytes []byte
	at    int // bits that were read
	cut   bool
}

func (b *bitReader) read(n int) (v uint64) {
	for ; n > 0; n-- {
		bit := byte(0)
		if b.at < 8*len(b.bytes) {
			bit = b.bytes[b.at/8] >> (7 - b.at%8) & 1
		} else {
			b.cut = true
		}
		v = v<<1 | uint64(bit)
		b.at++
	}
	return v
}

func (b *bitReader) golomb(k uint) uint64 {
	n := int(k)
	for b.read(1) == 0 {
		if n++; n > 62 || b.cut {
			b.cut = true
			return 0
		}
	}
	return 1<<n | b.read(n) - 1<<k
}
