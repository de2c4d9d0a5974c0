package bench

import (
	"hash/crc32"
	"testing"
)

// A digest tells each fault of a stream of stamps from the stream, and cut stamps of
// short messages as well.
func TestDigest(t *testing.T) {
	of := func(stamps ...uint64) (d uint64) {
		for _, s := range stamps {
			d = (d ^ s) * weyl
		}
		return d
	}
	const first = 3<<senderShift | 0x1fe
	want := Digest(first, 4, 64)
	if got := of(first, first+1, first+2, first+3); got != want {
		t.Errorf("digest %x, want %x", got, want)
	}
	for name, got := range map[string]uint64{
		"lost": of(first, first+1, first+3), "doubled": of(first, first+1, first+1, first+2, first+3), "reordered": of(first, first+2, first+1, first+3),
		"another's": of(first, first+1, first+2, first+3|4<<senderShift), "late": of(first+1, first+2, first+3, first+4),
	} {
		if got == want {
			t.Errorf("%s: the same digest", name)
		}
	}
	if got := of(0xfe, 0xff, 0x00, 0x01); got != Digest(first, 4, 1) {
		t.Errorf("messages of a byte: %x, want %x", Digest(first, 4, 1), got)
	}
}

// The bytes of sealed messages depend on the stamp, to the last, and their CRC is that
// of all of them.
func TestPayloadCRC(t *testing.T) {
	for _, size := range []int{1, 7, 8, 9, 64, 4097} {
		p, q := make([]byte, size), make([]byte, size)
		SealFor(p, 41)
		SealFor(q, 42)
		if size > stampBytes && p[size-1] == q[size-1] && p[stampBytes] == q[stampBytes] {
			t.Errorf("%d B: the payloads of two messages begin and end alike", size)
		}
		if got, want := PayloadCRC(41, 2, size), crc32.Update(crc32.ChecksumIEEE(p), crc32.IEEETable, q); got != want {
			t.Errorf("%d B: CRC %x, want %x", size, got, want)
		}
	}
}

// What parts do comes out of their topology.
func TestOutside(t *testing.T) {
	for _, test := range []struct {
		w     *Workload
		peers int
		plays []string
	}{
		{PingPong, 0, []string{"call", "forward"}}, {Stream, 0, []string{"send", "receive"}},
		{FanIn, 2, []string{"receive", "send", "send"}}, {Pipeline, 3, []string{"send", "forward", "receive"}},
	} {
		topology := test.w.Topology(test.peers)
		for i, want := range test.plays {
			if got, ok := test.w.Outside(topology, i); got.Play != want || !ok {
				t.Errorf("%s, %s: %s, want %s", test.w.Name, topology.Parts[i].Role, got.Play, want)
			}
		}
	}
	if _, ok := FanOut.Outside(FanOut.Topology(2), 0); ok {
		t.Error("FanOut is played outside: docs/protocol.md does not have it")
	}
}
