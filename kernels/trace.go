package kernels

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// logged is a line of QEMU's log.
type logged struct {
	kind   lineKind
	pc     uint64 // of the block that begins
	kernel bool   // the block is executed with the kernel's privilege
}

type lineKind int

const (
	otherLine lineKind = iota
	traceLine          // a block begins
	takenLine          // the block before was not executed after all
	spaceLine          // another address space
)

// parseLog reads a line of `log exec,mmu`. QEMU 7.2 writes of a block
//
//	Trace 0: 0x7f0b8c0004c0 [0000000000000000/ffffffff81a00000/00000430/ff000201] name
//
// and 10 fewer digits before the first slash: the program counter stands after it, and
// then flags, of which the last two bits are the privilege level (accel/tcg/cpu-exec.c;
// HF_CPL_MASK in target/i386/cpu.h).
func parseLog(line []byte) (l logged, err error) {
	switch {
	case bytes.HasPrefix(line, []byte("Stopped execution of TB chain")):
		return logged{kind: takenLine}, nil
	case bytes.HasPrefix(line, []byte("CR3 update")):
		return logged{kind: spaceLine}, nil
	case !bytes.HasPrefix(line, []byte("Trace ")):
		return l, nil
	}
	_, fields, _ := bytes.Cut(line, []byte("["))
	_, fields, _ = bytes.Cut(fields, []byte("/"))
	pc, fields, _ := bytes.Cut(fields, []byte("/"))
	text, _, whole := bytes.Cut(fields, []byte("/"))
	var ok, known bool
	l.kind = traceLine
	l.pc, ok = parseHex(pc)
	flags, known := parseHex(text)
	if l.kernel = flags&3 == 0; !ok || !known || !whole {
		return l, fmt.Errorf("a line of QEMU's log has no program counter: %.100q", line)
	}
	return l, nil
}

// parseHex is strconv.ParseUint for millions of numbers.
func parseHex(text []byte) (n uint64, ok bool) {
	if len(text) == 0 || len(text) > 16 {
		return 0, false
	}
	for _, c := range text {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, true
}

// readLog calls each with every line of QEMU's log, until that reports the end.
func readLog(log io.Reader, each func(l logged, line []byte) (ended bool, err error)) error {
	lines := bufio.NewReaderSize(patient{log}, 1<<16)
	for {
		line, err := lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return errors.New("a line of QEMU's log has more than 64 KiB")
		}
		if err != nil {
			return err
		}
		l, err := parseLog(line)
		if err != nil {
			return err
		}
		if ended, err := each(l, line); ended || err != nil {
			return err
		}
	}
}

// patient waits until a pipe has more to read than a line: QEMU writes each by a call of
// its own, and to be woken up for each costs both sides as much as all the rest.
type patient struct{ io.Reader }

func (p patient) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n < len(b)/2 {
		time.Sleep(time.Millisecond)
	}
	return n, err
}
