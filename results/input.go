package results

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Stdin is the path of standard input.
const Stdin = "-"

// Input is a place that records are read from, opened. It is opened and read
// once: what a pipe has given does not come again.
type Input struct {
	Path   string
	header *Header // of a run's directory
	odd    error   // why that has none
	file   string  // that is read: the Path, or the records in it
	text   *lines
	close  func() error
}

// OpenInput opens a run's directory, a file, a FIFO or, as "-", standard input.
// Once the context is done, waiting for a FIFO's writer or for what it writes
// ends with an error.
func OpenInput(ctx context.Context, path string) (*Input, error) {
	in := &Input{Path: path, file: path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if h, err := readHeader(path); err != nil {
			in.odd = err
		} else {
			in.header = &h
		}
		in.file = filepath.Join(path, RecordsFile)
	}
	r, err := OpenFile(ctx, in.file)
	if err != nil {
		return nil, err
	}
	in.text, in.close = newLines(r), r.Close
	return in, nil
}

// OpenFile opens a file for reading as OpenInput does.
func OpenFile(ctx context.Context, path string) (io.ReadCloser, error) {
	open := func() (*os.File, error) { return os.Open(path) }
	if path == Stdin {
		open = func() (*os.File, error) { return os.Stdin, nil }
	} else if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() || info.IsDir() {
		return open()
	}
	// A goroutine waits in open(2) or read(2) until the program ends, where
	// nothing ends the wait before.
	r, w := io.Pipe()
	stop := context.AfterFunc(ctx, func() { w.CloseWithError(errors.New("interrupted before its end was read")) })
	go func() {
		f, err := open()
		if err == nil {
			_, err = io.Copy(w, f)
			err = errors.Join(err, f.Close())
		}
		stop()
		w.CloseWithError(err)
	}()
	return r, nil
}

// Header is what the run was asked for; nil where the input is not a run's directory.
func (in *Input) Header() *Header { return in.header }

// Head is how the text begins, at most 512 bytes of it.
func (in *Input) Head() []byte { return in.text.head() }

// Close closes the input, whether it was read or not.
func (in *Input) Close() error { return in.close() }

// Scan reads the input as the function Scan does.
func (in *Input) Scan(keep func(*Record)) (*Set, error) { return in.read(&Set{keep: keep}) }

// Digest reads the input, and holds no record: the Set has what a report needs
// of them. It hands to also, which may be nil, what Scan hands on.
func (in *Input) Digest(also func(*Record)) (*Set, error) {
	if also == nil {
		also = func(*Record) {}
	}
	return in.read(&Set{keep: also, digest: true, tally: &Tally{Distributions: true}})
}

// Text reads the input as it is, for readers of other forms.
func (in *Input) Text() io.Reader { return in.text.r }

func (in *Input) read(s *Set) (*Set, error) {
	defer in.Close()
	s.Path, s.Header = in.Path, in.header
	if in.odd != nil {
		s.warn("no header: %s", Quote(in.odd.Error()))
	}
	if err := s.readLines(in.file, in.text); err != nil {
		return nil, fmt.Errorf("%s: %w", in.file, err)
	}
	return s, nil
}
