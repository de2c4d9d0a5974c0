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
	r *bufio.Reader
	n int // number of the line that next returned, from 1
}

func newLines(r io.Reader) *lines {
	return &lines{r: bufio.NewReaderSize(r, maxLine+1)}
}

// next returns a line without its end, valid until the next call. errLongLine
// and errTorn report a line that is not to be used and has been passed over;
// any other error is final.
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
		return nil, errTorn
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

// startsWith reports whether the first byte that is not white space is c.
func (l *lines) startsWith(c byte) bool {
	head, _ := l.r.Peek(512) // an error comes again with next
	head = bytes.TrimSpace(head)
	return len(head) > 0 && head[0] == c
}
