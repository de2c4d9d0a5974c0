package bench

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"ipcbench/mechanisms"

	"ipcbench/results"
)

// seed is that of the launches here.
const seed = Seed(42)

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
						m = append(m, message(size, seed.first(i%origins)+uint64(i/origins)))
					}
					c := newChecker(0, origins, 1, size, seed)
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
						err = c.check(message(size, seed.first(origins-1)+uint64(n/origins)))
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
// truncated ones of short messages must, and past the end of what fits: of one
// sender, and of two that only totals distinguish.
func TestCheckerFollowsRounds(t *testing.T) {
	for _, size := range []int{1, 2, 5, 7, 8} {
		for _, origins := range []int{1, 2} {
			if origins == 2 && size == stampBytes {
				continue // stamps name their sender
			}
			c := newChecker(0, origins, 1, size, seed)
			for from := range c.next {
				c.next[from] = stampMask(min(size, 6)) - 500 // the sequence's end is in the middle
			}
			next := slices.Clone(c.next)
			for i := range 1000 {
				for from := range next {
					if err := c.check(message(size, next[from])); err != nil {
						t.Fatalf("%d B, message %d: %v", size, i, err)
					}
					next[from]++
				}
				if i%10 == 9 {
					if err := c.finish([]int{10, 10}[:origins]); err != nil {
						t.Fatalf("%d B, up to message %d: %v", size, i, err)
					}
				}
			}
		}
	}
}

// A message of another launch, or of another origin, is none that is due, with
// stamps of any width, and where only totals are held against each other. In a
// byte a stamp fits by chance once in 256 launches.
func TestCheckerFindsForeignMessages(t *testing.T) {
	for _, size := range []int{1, 2, 6, 7, 8, 64} {
		for _, origins := range []int{1, 2} {
			totals := origins > 1 && size < stampBytes
			found, tries := 0, 2000
			for i := range tries {
				ours, theirs, from := Seed(i), Seed(i+tries), 0
				if i%2 == 1 && (size < 7 || origins == 1) { // of this launch, by an origin that is another's
					theirs, from = ours, 5
				}
				c := newChecker(0, origins, 1, size, ours)
				err := c.check(message(size, theirs.first(from)))
				if err == nil && totals {
					err = c.finish([]int{1, 0})
				}
				var check *CheckError
				if errors.As(err, &check) {
					found++
				}
			}
			missed := tries - found
			if most := 4 * tries >> (8 * min(size, 6)); missed > most {
				t.Errorf("%d B, %d origins: %d of %d foreign messages passed, want at most %d", size, origins, missed, tries, most)
			}
		}
	}
}

// The stamps of a launch begin at random: those of one launch do not help to
// guess those of another, and no first stamp is near the next sender's.
func TestSeedsSpread(t *testing.T) {
	var ones [sequenceBits]int
	const seeds = 4000
	seen := map[uint64]bool{}
	for i := range seeds {
		first := Seed(i).first(3)
		if first>>senderShift != 3 || first>>sequenceBits&1 != 0 {
			t.Fatalf("first stamp %#x: not of sender 3, or beyond 2^47", first)
		}
		seen[first] = true
		for bit := range ones {
			ones[bit] += int(first >> bit & 1)
		}
	}
	if len(seen) != seeds {
		t.Errorf("%d seeds give %d first stamps", seeds, len(seen))
	}
	for bit, n := range ones {
		if n < seeds*2/5 || n > seeds*3/5 {
			t.Errorf("bit %d is set in %d of %d", bit, n, seeds)
		}
	}
}

// What is wrong with a stamp is named: a loss is near, what is foreign is far.
func TestWrongStampsAreNamed(t *testing.T) {
	due := seed.first(0)
	for got, want := range map[uint64]string{
		due + 1: "lost, doubled or reordered", due - 1: "lost, doubled or reordered", due + 1<<20: "lost, doubled or reordered",
		Seed(43).first(0): "of another link or launch, or damaged", seed.first(1): "of another link or launch, or damaged",
	} {
		var check *CheckError
		if err := newChecker(0, 1, 1, 8, seed).check(message(8, got)); !errors.As(err, &check) || check.What != want {
			t.Errorf("%#x where %#x was due: %v, want %q", got, due, err, want)
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
		e := NewEnds(w.Topology(0).Parts[0], results.Cell{Size: 64}, seed)
		if n := testing.AllocsPerRun(100, func() { e.Play(10) }); n != 0 {
			t.Errorf("%s: %v allocations in a round", w.Floor, n)
		}
	}
}
