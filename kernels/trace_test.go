package kernels

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// Lines of QEMU 7.2 and 10 are read, and what is neither an instruction nor takes one
// back is passed over.
func TestParseLog(t *testing.T) {
	for line, want := range map[string]logged{
		"Trace 0: 0x7f0b8c0004c0 [0000000000000000/ffffffff81a00000/00000430/ff000201] pipe_write\n": {traceLine, 0xffffffff81a00000, true},
		"Trace 0: 0x7f0b8c0004c0 [00000000/0000000000401000/0000c0b3/ff000201] \n":                   {traceLine, 0x401000, false},
		"Stopped execution of TB chain before 0x7f0b8c0004c0 [ffffffff81a00000] pipe_write\n":        {kind: takenLine},
		"CR3 update: CR3=0000000002bd4000\n":                                                         {kind: spaceLine},
		"RAX=0000000000000000 RBX=0000000000000000 RCX=0000000000000000 RDX=0000000000000000\n":      {},
		"\n": {},
	} {
		if got, err := parseLog([]byte(line)); got != want || err != nil {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	// A form that is not known must not count as nothing.
	for _, line := range []string{
		"Trace 0: 0x7f0b8c0004c0 [00000000000000", "Trace 0: 0x7f [0/ffffffff81a00000/0000", "Trace 0: 0x7f [0/xyz/430/1] f\n",
		"Trace 0: 0x7f [0/11112222333344445/430/1] f\n", "Trace 0: 0x7f [0/ffffffff81a00000//1] f\n", "Trace ",
	} {
		if got, err := parseLog([]byte(line)); err == nil {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

// A log that ends within a line has ended, whatever the line begins with.
func TestTornLog(t *testing.T) {
	whole := "Trace 0: 0x7f [0/ffffffff81a00000/430/1] f\n"
	for cut := range len(whole) {
		n := 0
		err := readLog(strings.NewReader(whole+whole[:cut]), func(l logged, _ []byte) (bool, error) { n++; return false, nil })
		if n != 1 || !errors.Is(err, io.EOF) {
			t.Errorf("cut at %d: %d lines, %v", cut, n, err)
		}
	}
	if err := readLog(bytes.NewReader(make([]byte, 1<<17)), nil); err == nil || err == io.EOF {
		t.Errorf("a line without end: %v", err)
	}
}

func FuzzParseLog(f *testing.F) {
	f.Add([]byte("Trace 0: 0x7f0b8c0004c0 [0000000000000000/ffffffff81a00000/00000430/ff000201] pipe_write\n"))
	f.Add([]byte("Trace 0: 0x7f0b8c0004c0 [00000000/0000000000401000/0000c0b3/ff000201] \nStopped execution of TB chain before 0x7f [401000] \n"))
	f.Add([]byte("Trace 0: 0x7f [0/ffffffff81a000"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if l, err := parseLog(text); err == nil && l.kind == traceLine && bytes.Count(text, []byte("/")) < 3 {
			t.Errorf("%q: %+v", text, l)
		}
	})
}
