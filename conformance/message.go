package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"ipcbench/bench"
	"ipcbench/mechanisms"
)

// The first byte of a test message names its sender, at most 4 of them, and
// the low bits of its sequence. All other bytes depend on both, so that one
// bit, byte or message out of place shows.
const seqBits = 6

func put(p []byte, sender int, seq uint64) {
	x := seq*0x9e3779b97f4a7c15 + uint64(sender)<<32 + 1 // a Weyl sequence, and Marsaglia's xorshift below
	rest := p
	for ; len(rest) >= 8; rest = rest[8:] {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		binary.LittleEndian.PutUint64(rest, x)
	}
	for i := range rest {
		rest[i] = byte(x >> (8 * i))
	}
	p[0] = byte(sender)<<seqBits | byte(seq)&(1<<seqBits-1)
}

// put makes p a message of the line. Sequences of different lines begin far from
// each other, at random: what another line or an earlier test has sent is none
// that is due.
func (l *line) put(p []byte, sender int, seq uint64) { put(p, sender, l.in.first+seq) }

// inbox follows the messages of every sender.
type inbox struct {
	first uint64
	next  []uint64 // by sender, from 0
	want  []byte
}

func newInbox(s mechanisms.Spec) *inbox {
	return &inbox{first: rand.Uint64(), next: make([]uint64, s.Senders), want: make([]byte, s.Size)}
}

// check holds p against the next message of the sender that it names.
func (in *inbox) check(p []byte) error {
	from := int(p[0] >> seqBits)
	if from >= len(in.next) {
		return &bench.CheckError{What: "damaged: no such sender", Sender: from, Got: uint64(p[0])}
	}
	seq := in.next[from]
	put(in.want, from, in.first+seq)
	if !bytes.Equal(p, in.want) {
		at := 0
		for p[at] == in.want[at] {
			at++
		}
		return fmt.Errorf("message %d of %d B, byte %d: %w", seq, len(p), at,
			&bench.CheckError{What: "lost, doubled, reordered or damaged", Sender: from, Want: uint64(in.want[at]), Got: uint64(p[at])})
	}
	in.next[from]++
	return nil
}
