package bench

import (
	"bytes"
	"errors"
	"testing"

	"ipcbench/mechanisms"

	"ipcbench/results"
)

// message is a buffer of size bytes with a stamp.
func message(size int, stamp uint64) []byte {
	p := mechanisms.Buffer(size)
	putStamp(p, stamp)
	return p
}

func TestStampRoundTrip(t *testing.T) {
	for size := 1; size <= 16; size++ {
		for _, v := range []uint64{0, 1, 255, 256, 1<<32 + 7, 3<<senderShift | 12345} {
			if got, want := getStamp(message(size, v)), v&stampMask(size); got != want {
				t.Errorf("size %d: stamp %#x came back as %#x, want %#x", size, v, got, want)
			}
		}
	}
}

// TestCheckerFinds holds the checker against every kind of damage, at every
// place in a round and for lengths with whole, cut and totalled stamps.
func TestCheckerFinds(t *testing.T) {
	const n = 20
	damage := map[string]func(m [][]byte, k, origins int) [][]byte{
		"none":   func(m [][]byte, k, _ int) [][]byte { return m },
		"drop":   func(m [][]byte, k, _ int) [][]byte { return append(m[:k:k], m[k+1:]...) },
		"double": func(m [][]byte, k, _ int) [][]byte { return append(m[:k+1:k+1], m[k:]...) },
		"swap": func(m [][]byte, k, origins int) [][]byte { // with another of the same sender
			j := (k + origins) % n
			m[k], m[j] = m[j], m[k]
			return m
		},
		"flip bit": func(m [][]byte, k, _ int) [][]byte { m[k][0] ^= 1; return m },
	}
	for name, apply := range damage {
		for _, origins := range []int{1, 2} {
			for _, size := range []int{1, 7, 8, 64} {
				for _, k := range []int{0, n / 2, n - 1} {
					totals := origins > 1 && size < stampBytes
					if totals && name == "swap" {
						continue // totals do not see an order, and do not claim to
					}
					var m [][]byte
					for i := range n {
						from := uint64(i % origins)
						m = append(m, message(size, from<<senderShift|uint64(i/origins)))
					}
					c := newChecker(0, origins, 1, size)
					var err error
					for _, p := range apply(m, k, origins) {
						if err = c.check(p); err != nil {
							break
						}
					}
					if err == nil {
						err = c.finish([]int{n / origins, n / origins}[:origins])
					}
					// What is missing or left over at the end of a round shows in
					// the next round's first message.
					if err == nil && !totals {
						err = c.check(message(size, uint64(origins-1)<<senderShift|uint64(n/origins)))
					}
					var check *CheckError
					if got := errors.As(err, &check); got != (name != "none") {
						t.Errorf("%s of message %d, %d B, %d origins: err = %v", name, k, size, origins, err)
					}
				}
			}
		}
	}
}

// TestCheckerFollowsRounds shows that sequences run on over rounds, as the
// truncated ones of short messages must.
func TestCheckerFollowsRounds(t *testing.T) {
	c := newChecker(0, 1, 1, 1)
	for i := range 1000 {
		if err := c.check(message(1, uint64(i))); err != nil {
			t.Fatal(err)
		}
		if i%10 == 9 {
			if err := c.finish([]int{10}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestSealFindsEveryFlippedBit(t *testing.T) {
	for _, size := range []int{13, 64, 100, 4097} {
		p := message(size, 42)
		if !seal(p) {
			t.Fatalf("%d B: not sealed", size)
		}
		if err := checkSeal(p); err != nil {
			t.Fatalf("%d B: intact: %v", size, err)
		}
		for bit := stampBytes * 8; bit < size*8; bit++ {
			p[bit/8] ^= 1 << (bit % 8)
			if checkSeal(p) == nil {
				t.Fatalf("%d B: bit %d flipped and not found", size, bit)
			}
			p[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func TestSealChangesThePayload(t *testing.T) {
	a, b := message(256, 1), message(256, 2)
	seal(a)
	seal(b)
	for i := sealedFrom; i+8 <= len(a); i += 8 {
		if bytes.Equal(a[i:i+8], b[i:i+8]) {
			t.Errorf("bytes %d to %d are the same in two messages: a stale page would pass", i, i+7)
		}
	}
}

func TestStampAndCheckDoNotAllocate(t *testing.T) {
	for _, w := range []*Workload{OneCopy, TwoCopies, NullCall} {
		e := NewEnds(w.Topology(0).Parts[0], results.Cell{Size: 64})
		if n := testing.AllocsPerRun(100, func() { e.Play(10) }); n != 0 {
			t.Errorf("%s: %v allocations in a round", w.Floor, n)
		}
	}
}
