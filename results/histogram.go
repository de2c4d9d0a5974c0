package results

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

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
// text is damaged or empty, or that its geometry is not the suite's. The header
// decides before anything is decoded: a geometry of 1 ns to 292 years in 5
// digits makes 50 MB of counters of 100 bytes of text.
func (l *Latency) Histogram() (h *hdrhistogram.Histogram, err error) {
	defer func() { // the library trusts the lengths that it finds inside
		if p := recover(); p != nil {
			h, err = nil, fmt.Errorf("damaged: %v", p)
		}
	}()
	if err := checkGeometry(l.HDR); err != nil {
		return nil, err
	}
	h, err = hdrhistogram.Decode([]byte(l.HDR))
	switch {
	case err != nil:
		return nil, err
	case h.TotalCount() == 0:
		return nil, errors.New("empty")
	}
	return h, nil
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
