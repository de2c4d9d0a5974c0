package bench

import (
	"bytes"
	"testing"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// What a touch reads must be all of the payload: one bit anywhere shows.
func TestTouchReadsEveryByte(t *testing.T) {
	for _, size := range []int{1, 8, 9, 31, 40, 41, 4097} {
		e := touching("read", size)
		e.touch()
		usual := e.sum
		for i := stampBytes; i < size; i++ {
			e.buf[i] ^= 1
			e.sum = 0
			e.touch()
			if e.sum == usual {
				t.Fatalf("size %d: byte %d was not read", size, i)
			}
			e.buf[i] ^= 1
		}
	}
}

// What it writes must be all of the payload, and not the stamp.
func TestTouchWritesEveryByte(t *testing.T) {
	for _, size := range []int{1, 8, 9, 31, 40, 41, 4097} {
		e := touching("write", size)
		before := bytes.Clone(e.buf)
		for e.sum = 0; e.sum < 2; { // two words: one may be what was there
			e.sum *= 0x0101010101010101
			e.touch()
			for i, x := range e.buf {
				switch {
				case i < stampBytes && x != before[i]:
					t.Fatalf("size %d: the stamp is written to", size)
				case i >= stampBytes && x != byte(e.sum-1):
					t.Fatalf("size %d: byte %d was not written", size, i)
				}
			}
		}
	}
}

// A message that is passed on after it has been written to can be checked
// again, in every kind of round.
func TestTouchedMessagesAreStillMessages(t *testing.T) {
	for _, content := range []Content{Stamped, Sealed, Bare} {
		for _, how := range results.LookupAxis("touch").Names() {
			e := touching(how, 100)
			e.Carry(content)
			e.stamp()
			if err := e.check(); err != nil {
				t.Fatal(err)
			}
			f := touching("", 100)
			f.Carry(content)
			copy(f.buf, e.buf)
			if err := f.check(); err != nil {
				t.Errorf("content %d, touched to %s: %v", content, how, err)
			}
		}
	}
}

// Without --touch a message gets the short check, which costs no more.
func TestUntouchedMessagesAreCheckedTheShortWay(t *testing.T) {
	if e := touching("", 64); e.due == nil {
		t.Error("without touch every message is examined")
	}
	if e := touching("read", 64); e.due != nil {
		t.Error("with touch=read the short check would read nothing")
	}
}

func touching(how string, size int) *Ends {
	e := NewEnds(Part{Origins: 1}, results.Cell{Size: size, Options: results.Options{Touch: how}}, seed)
	e.buf = mechanisms.Buffer(size)
	clear(e.buf[:min(stampBytes, size)]) // the first stamp
	return e
}
