package bench

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Every message begins with a stamp: its sender, and which of that sender's
// messages it is, in 8 bytes, little endian, the sender in the top 16 bits. A
// message shorter than 8 bytes carries as much of it as fits, the low bytes of
// the sequence.
const (
	stampBytes   = 8
	senderShift  = 48
	sequenceBits = senderShift - 1 // of a first stamp: 2^47 messages later it is not the next sender's
)

// Seed is where the sequences of a launch begin. It is drawn for each launch and
// given to both ends of every link, so that a message that a stranger or an
// earlier launch has sent is none that a receiver waits for: one that carries a
// whole stamp passes by chance in 1 of 2^47 cases, one of a byte in 1 of 256.
type Seed uint64

// first is the first stamp of what an origin sends. Origins begin far from each
// other, so that a message of another link shows in a short stamp as well.
func (s Seed) first(origin int) uint64 {
	x := uint64(s) + uint64(origin)*0x9e3779b97f4a7c15 // splitmix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return uint64(origin)<<senderShift | x>>(64-sequenceBits)
}

func putStamp(p []byte, v uint64) {
	if len(p) >= stampBytes {
		binary.LittleEndian.PutUint64(p, v)
		return
	}
	for i := range p {
		p[i] = byte(v >> (8 * i))
	}
}

func getStamp(p []byte) (v uint64) {
	if len(p) >= stampBytes {
		return binary.LittleEndian.Uint64(p)
	}
	for i := range p {
		v |= uint64(p[i]) << (8 * i)
	}
	return v
}

// stampMask keeps the part of a stamp that a message of size bytes carries.
func stampMask(size int) uint64 {
	if size >= stampBytes {
		return ^uint64(0)
	}
	return 1<<(8*size) - 1
}

// checker follows the stamps that one receiver sees.
//
// With one origin, or with stamps that name their sender, or with a link for
// each, a message must be the next of its sender. Where several senders share
// a link whose messages are too short to name them, the count and the sum of
// all stamps must come out right at the end of the round: that finds loss,
// doubling and damage, though not reordering.
type checker struct {
	seed   Seed
	mask   uint64
	first  int      // the first origin's number
	next   []uint64 // by origin: the stamp that its next message must carry
	totals bool     // neither stamps nor links name their sender
	sum    uint64
	seen   uint64
}

// newChecker follows the messages of so many origins from the first on, each
// of which has a link of its own where there are several links.
func newChecker(first, origins, links, size int, seed Seed) *checker {
	c := &checker{seed: seed, mask: stampMask(size), first: first, next: make([]uint64, origins), totals: origins > 1 && links == 1 && size < stampBytes}
	for i := range c.next {
		c.next[i] = seed.first(first + i)
	}
	return c
}

func (c *checker) check(p []byte) error {
	got := getStamp(p)
	if c.totals {
		c.sum += got
		c.seen++
		return nil
	}
	from := 0
	if len(c.next) > 1 {
		if from = int(got>>senderShift) - c.first; from < 0 || from >= len(c.next) {
			return &CheckError{What: "damaged", Sender: c.first + from, Got: got}
		}
	}
	return c.due(from, got)
}

// due holds a stamp against the next one of an origin.
func (c *checker) due(from int, got uint64) error {
	if want := c.next[from] & c.mask; got != want {
		return &CheckError{What: wrong(want, got), Sender: c.first + from, Message: int(c.seed.Number(c.first+from, c.next[from])), Want: want, Got: got}
	}
	c.next[from]++
	return nil
}

// far is a distance between stamps that no number of lost messages explains.
const far = 1 << 32

// wrong explains a stamp that is not the one that was due.
func wrong(want, got uint64) string {
	if min(want-got, got-want) >= far {
		return "of another link or launch, or damaged"
	}
	return "lost, doubled or reordered"
}

// finish closes a round in which each origin sent as many messages as sent has.
func (c *checker) finish(sent []int) error {
	if !c.totals {
		return nil
	}
	var sum, seen uint64
	for from, n := range sent {
		for range n {
			sum += c.next[from] & c.mask
			c.next[from]++
		}
		seen += uint64(n)
	}
	got, count := c.sum, c.seen
	c.sum, c.seen = 0, 0
	if got != sum || count != seen {
		return &CheckError{What: "lost, doubled or damaged: totals of the round", Want: sum, Got: got}
	}
	return nil
}

// CheckError reports that what arrived is not what was sent: the mechanism
// lost, doubled, reordered or damaged a message, and there is no number to
// publish.
type CheckError struct {
	What    string `json:"what"`
	Sender  int    `json:"sender"`            // noSender: no message is wrong, but what all did
	Message int    `json:"message,omitempty"` // which of the sender's was due, counted from 1; 0: it is not known
	Want    uint64 `json:"want"`              // stamp or checksum
	Got     uint64 `json:"got"`
	Lost    int    `json:"lost,omitempty"` // messages that the kernel has counted as dropped
}

func (e *CheckError) Error() string {
	text := e.What
	switch {
	case e.Sender == noSender:
		text = fmt.Sprintf("%s: want %d, got %d", e.What, e.Want, e.Got)
	case e.Want != e.Got:
		which := "message"
		if e.Message > 0 {
			which = fmt.Sprint("message ", e.Message)
		}
		text = fmt.Sprintf("%s from sender %d: %s: want %#x, got %#x", which, e.Sender, e.What, e.Want, e.Got)
	}
	if e.Lost > 0 {
		text += fmt.Sprintf("; the kernel dropped %d messages on the way", e.Lost)
	}
	return text
}

// noSender is the Sender of what is no message.
const noSender = -1

// A sealed message carries, after its stamp, a CRC-32C of all that follows.
const sealedFrom = stampBytes + crc32.Size

// castagnoli is made at its first use: most workers have none.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// seal gives the message a payload that differs from the message before in
// every word and a checksum over it. Messages too short for one are left as
// they are: the stamp covers them.
func seal(p []byte) bool {
	if len(p) <= sealedFrom {
		return false
	}
	fill(p[sealedFrom:], getStamp(p))
	binary.LittleEndian.PutUint32(p[stampBytes:], crc32.Checksum(p[sealedFrom:], castagnoli()))
	return true
}

// fill makes bytes that depend on the stamp: a Weyl sequence with the golden ratio, then
// Marsaglia's xorshift.
func fill(body []byte, stamp uint64) {
	x := stamp*weyl + 1
	for ; len(body) >= 8; body = body[8:] {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		binary.LittleEndian.PutUint64(body, x)
	}
	for i := range body {
		body[i] = byte(x >> (8 * i))
	}
}

func checkSeal(p []byte) error {
	if len(p) <= sealedFrom {
		return nil
	}
	want := binary.LittleEndian.Uint32(p[stampBytes:])
	if got := crc32.Checksum(p[sealedFrom:], castagnoli()); got != want {
		return &CheckError{What: "CRC-32C of the payload", Sender: int(getStamp(p) >> senderShift), Want: uint64(want), Got: uint64(got)}
	}
	return nil
}
