package results

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// What a reader takes at most, in bytes.
const (
	maxInput     = 256 << 20  // of benchmark text, which is not the suite's own, and of a line that is passed over
	maxLine      = 1 << 20    // of one line
	maxBenchLine = 64<<10 - 2 // of one line of benchmark text: readers of the format give up on a longer one
)

var (
	errLongLine = errors.New("the line is too long")
	errTorn     = errors.New("the last line has no end")
)

// capped is a reader that fails past max bytes.
type capped struct {
	r        io.Reader
	max, got int
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.got += n; c.got > c.max {
		return 0, fmt.Errorf("more than %s", FormatBytes(c.max))
	}
	return n, err
}

// lines reads an untrusted text line by line, in bounded memory.
type lines struct {
	r   *bufio.Reader
	cap *capped
	n   int // number of the line that next returned, from 1
}

func newLines(r io.Reader) *lines {
	text := &capped{r: r, max: maxInput}
	return &lines{r: bufio.NewReaderSize(text, maxLine+1), cap: text}
}

// reset makes it read another text, without another buffer.
func (l *lines) reset(r io.Reader) {
	*l.cap = capped{r: r, max: maxInput}
	l.r.Reset(l.cap)
	l.n = 0
}

// head returns up to 512 bytes of the text's beginning, without a byte order mark,
// which it passes over. An error comes again with next.
func (l *lines) head() []byte {
	if mark, _ := l.r.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		l.r.Discard(len(mark))
	}
	head, _ := l.r.Peek(512)
	return head
}

// byteOrderMark is what editors of Windows put before UTF-8.
const byteOrderMark = "\uFEFF"

// next returns a line without its end, valid until the next call. errTorn comes
// with a last line that has no end. errLongLine reports a line that is not to be
// used and has been passed over; any other error is final.
func (l *lines) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return nil, err
	}
	l.n++
	switch err {
	case nil:
		return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
	case io.EOF:
		return line, errTorn
	case bufio.ErrBufferFull:
		for n := len(line); err == bufio.ErrBufferFull; n += len(line) {
			if n > maxInput {
				return nil, fmt.Errorf("line %d is longer than %s: these are not records", l.n, FormatBytes(maxInput))
			}
			line, err = l.r.ReadSlice('\n')
		}
		if err == nil || err == io.EOF {
			err = errLongLine
		}
	}
	return nil, err
}
