package results

import "math/bits"

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
