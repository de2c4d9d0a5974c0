package bench

import (
	"hash/crc32"
)

// Outside is what a part does, as far as another program can play it:
// docs/protocol.md.
type Outside struct {
	Play  string        // "send", "receive", "call" or "forward"
	ID    int           // the origin of its messages, where it sends any
	From  int           // the first origin of the messages that it receives
	Peers int           // how many origins these have
	Share func(int) int // of a round's n operations, those that fall to it
}

// Outside returns what part i of a topology does, and false where its workload is
// none that other programs play.
func (w *Workload) Outside(t Topology, i int) (o Outside, ok bool) {
	p := t.Parts[i]
	o = Outside{ID: p.ID, From: p.From, Peers: p.Origins, Share: p.Share}
	if o.Share == nil {
		o.Share = func(n int) int { return n }
	}
	switch sends, receives := len(p.Sends) > 0, len(p.Receives) > 0; {
	case sends && receives && p.Timer:
		o.Play = "call"
	case sends && receives:
		o.Play = "forward"
	case sends:
		o.Play = "send"
	default:
		o.Play = "receive"
	}
	return o, w.Portable
}

// Originates reports whether the part makes the messages that it sends.
func (o Outside) Originates() bool { return o.Play == "send" || o.Play == "call" }

// First is the stamp of the first message of a launch that an origin sends.
func (s Seed) First(origin int) uint64 { return s.first(origin) }

// ShareOf is how many of n messages fall to the i-th of k senders.
func ShareOf(i, k, n int) int { return share(i, k)(n) }

// weyl is the golden ratio in 64 bits, an odd number that mixes all bits.
const weyl = 0x9e3779b97f4a7c15

// Digest is what a receiver of n messages of that size returns, whose stamps count
// on from first.
func Digest(first uint64, n, size int) (d uint64) {
	mask := stampMask(size)
	for i := range uint64(n) {
		d = (d ^ (first+i)&mask) * weyl
	}
	return d
}

// PayloadCRC is the CRC-32 over n sealed messages of that size, whose stamps count
// on from first. It takes as long as to make and read each of them.
func PayloadCRC(first uint64, n, size int) (crc uint32) {
	p := make([]byte, size)
	for i := range uint64(n) {
		SealFor(p, first+i)
		crc = crc32.Update(crc, crc32.IEEETable, p)
	}
	return crc
}

// SealFor makes p the sealed message with that stamp.
func SealFor(p []byte, stamp uint64) {
	putStamp(p, stamp)
	fill(p[min(len(p), stampBytes):], stamp)
}
