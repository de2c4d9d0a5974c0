package history

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"ipcbench/results"
)

// What a reader takes at most. A file may come from anywhere.
const (
	maxPacked   = 64 << 20  // bytes of a file
	maxPlain    = 256 << 20 // bytes that it unpacks to
	maxSwelling = 200       // times the size of a file that it unpacks to, beyond a MiB: 27,000 equal lines come to 90
	maxLine     = 1 << 20   // bytes of a line
	maxText     = 4 << 10   // bytes of a text in it
	maxReason   = 400       // bytes of a reason that are kept
	maxCells    = 100_000   // of a build: the preset full has 27,074
	maxLaunches = 10_000    // of a cell: a plan has at most 1,000
	maxValue    = 1e18      // ns or instructions of an operation
	maxBuilds   = 10_000    // of a series
	maxSeries   = 1_000     // of a history
	maxValues   = 20e6      // of all builds of a series that are held, 160 MB: older builds are left out
)

var (
	errTorn   = errors.New("it ends in the middle of a line")
	errSwells = fmt.Errorf("it unpacks to more than %d times its size, or to more than %s", maxSwelling, results.FormatBytes(maxPlain))
	errLong   = fmt.Errorf("a line is longer than %s", results.FormatBytes(maxLine))
	errGarble = errors.New("its content is not that of its name: it is damaged, or was changed")
)

// A reader reads the file of one build.
type reader struct {
	lines  *bufio.Reader
	units  []string
	Header Header
	left   int // cells that follow
	sum    hash.Hash
}

// newReader reads the header of a file of so many bytes.
func newReader(in io.Reader, size int64) (*reader, error) {
	if size > maxPacked {
		return nil, fmt.Errorf("it has %d bytes: want at most %d", size, maxPacked)
	}
	z, err := gzip.NewReader(bufio.NewReader(in))
	if err != nil {
		return nil, fmt.Errorf("it is not compressed by gzip: %w", err)
	}
	z.Multistream(false)
	r := &reader{lines: bufio.NewReaderSize(&bounded{r: z, left: min(maxPlain, max(1<<20, maxSwelling*size))}, 64<<10), sum: sha256.New()}
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	var form struct {
		Schema *int `json:"history"`
	}
	if err := json.Unmarshal(line, &form); err != nil || form.Schema == nil {
		return nil, errors.New("its first line is no header of a build")
	} else if *form.Schema != Schema {
		return nil, fmt.Errorf("its schema is %d: want %d: use the ipcbench that wrote it, or a newer one", *form.Schema, Schema)
	}
	if err := json.Unmarshal(line, &r.Header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := r.Header.check(); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	r.units, r.left = r.Header.units(), r.Header.Cells
	return r, nil
}

// bounded fails past its bound.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errSwells
	}
	return n, err
}

// line is the next one with its end, valid until the next call; io.EOF where there is
// none.
func (r *reader) line() ([]byte, error) {
	line, err := r.lines.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		long := bytes.Clone(line)
		for err == bufio.ErrBufferFull {
			line, err = r.lines.ReadSlice('\n')
			if long = append(long, line...); len(long) > maxLine {
				return nil, errLong
			}
		}
		line = long
	}
	if err == io.EOF && len(line) > 0 {
		return nil, errTorn
	}
	if err != nil {
		return nil, err
	}
	r.sum.Write(line)
	return line, nil
}

// next reads a cell; io.EOF where all were read, and the file is whole.
func (r *reader) next() (c Cell, of results.Cell, err error) {
	line, err := r.line()
	switch {
	case err == io.EOF && r.left == 0:
		return c, of, io.EOF
	case err == io.EOF:
		return c, of, fmt.Errorf("%d of %s are missing at its end", r.left, results.Plural(r.Header.Cells, "cell"))
	case err != nil:
		return c, of, err
	case r.left == 0:
		return c, of, fmt.Errorf("it has more than the %s that its header states", results.Plural(r.Header.Cells, "cell"))
	}
	r.left--
	if err := json.Unmarshal(line, &c); err != nil {
		return c, of, fmt.Errorf("cell %d: %w", r.Header.Cells-r.left, err)
	}
	if of, err = c.check(r.units); err != nil {
		return c, of, fmt.Errorf("cell %d: %w", r.Header.Cells-r.left, err)
	}
	return c, of, nil
}

// rest hands on the cells, of which each is named once, and checks that the content is
// that of the ID.
func (r *reader) rest(id string, take func(Cell, results.Cell) error) error {
	seen := map[string]bool{}
	for {
		c, of, err := r.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if seen[c.Name] {
			return fmt.Errorf("%s has two lines", c.Name)
		}
		seen[c.Name] = true
		if err := take(c, of); err != nil {
			return err
		}
	}
	if idOf(r.sum.Sum(nil)) != id {
		return errGarble
	}
	return nil
}

// ReadBuild reads the bytes of a build's file, whose name has the ID.
func ReadBuild(in io.Reader, size int64, id string) (*Build, error) {
	r, err := newReader(in, size)
	if err != nil {
		return nil, err
	}
	b := &Build{Header: r.Header}
	b.ID = id
	err = r.rest(id, func(c Cell, _ results.Cell) error {
		b.Of = append(b.Of, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}
