package results

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Stdin is the path of standard input.
const Stdin = "-"

// Input is a place that records are read from, opened. It is opened and read
// once: what a pipe has given does not come again.
type Input struct {
	Path     string
	header   *Header   // of a run's directory
	odd      error     // why that has none
	file     string    // that is read: the Path, or the records in it
	segments []segment // of a run's directory, before the file
	text     *lines    // of the file; nil: the run has segments alone
	close    func() error
}

// OpenInput opens a run's directory, a file, a FIFO or, as "-", standard input. A file
// that is compressed with zstd is read as what it was made of.
// Every reader of a run's records goes through it: it finds the closed segments as well
// as records.jsonl, also while a process writes them, and gives each record once.
// Once the context is done, waiting for a FIFO's writer or for what it writes
// ends with an error.
func OpenInput(ctx context.Context, path string) (*Input, error) {
	in := &Input{Path: path, file: path, close: func() error { return nil }}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if h, err := readHeader(path); err != nil {
			in.odd = err
		} else {
			in.header = &h
		}
		if err := in.openRun(ctx); err != nil {
			return nil, err
		}
		return in, nil
	}
	r, err := OpenFile(ctx, in.file)
	if err != nil {
		return nil, err
	}
	in.begin(r)
	return in, nil
}

// openRun opens records.jsonl and lists the segments before it. A segment that closes
// meanwhile would be missing in the one and the other: then it opens the file again.
func (in *Input) openRun(ctx context.Context) error {
	in.file = filepath.Join(in.Path, RecordsFile)
	for {
		r, missing := OpenFile(ctx, in.file)
		var open os.FileInfo
		if f, ok := r.(*os.File); ok && missing == nil {
			open, _ = f.Stat() // of an open file it does not fail
		}
		var err error
		if in.segments, err = segmentsIn(os.DirFS(in.Path), open); err != nil {
			return err
		}
		if missing != nil {
			if len(in.segments) > 0 && errors.Is(missing, fs.ErrNotExist) {
				return nil
			}
			return missing
		}
		if now, err := os.Stat(in.file); open == nil || err != nil || os.SameFile(open, now) {
			in.begin(r)
			return nil
		}
		r.Close()
	}
}

func (in *Input) begin(r io.ReadCloser) {
	text := newUnpacked(r)
	in.text, in.close = newLines(text), func() error { text.free(); return r.Close() }
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
func (in *Input) Head() []byte {
	if in.text == nil {
		return nil
	}
	return in.text.head()
}

// Parts are the names of the files with the records in a run's directory, oldest
// first; none where the input is no such directory.
func (in *Input) Parts() []string {
	if in.file == in.Path {
		return nil
	}
	var names []string
	for _, s := range in.segments {
		if s.plain {
			names = append(names, s.name())
		} else {
			names = append(names, s.packedName())
		}
	}
	if in.text != nil {
		names = append(names, RecordsFile)
	}
	return names
}

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
	j := newJSONReader(s)
	if err := in.readSegments(s, j); err != nil {
		return nil, err
	}
	s.file = in.file
	var err error
	switch {
	case in.text == nil:
		s.warn("%s is missing: the records behind those of the closed segments are lost; `ipcbench run --resume` measures them again", Quote(in.file))
		s.conclude()
	case len(in.segments) > 0:
		s.json = true
		if err = j.readAll(in.file, in.text); err == nil {
			s.conclude()
		}
	default:
		err = s.readLines(in.file, in.text, j)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.file, err)
	}
	return s, nil
}

// readSegments reads the closed segments of a run. One that is missing or damaged is
// left out as a whole, and named.
func (in *Input) readSegments(s *Set, j *jsonReader) error {
	if len(in.segments) == 0 {
		return nil
	}
	dir, err := os.OpenRoot(in.Path)
	if err != nil {
		return err
	}
	defer dir.Close()
	next, lines := 1, newLines(nil)
	for _, seg := range in.segments {
		if seg.n > next {
			lost := fmt.Sprintf("%s is missing", segment{n: next}.packedName())
			if more := seg.n - next - 1; more > 0 {
				lost += fmt.Sprintf(" (and %s behind it)", Plural(more, "segment"))
			}
			s.leaveOut(in.Path, 0, lost+lostSegment, nil)
		}
		next = seg.n + 1
		name, text, close, err := openSegment(dir, seg)
		file := filepath.Join(in.Path, name)
		if err != nil {
			s.leaveOut(file, 0, err.Error()+lostSegment, nil)
			continue
		}
		lines.reset(text)
		err = j.readAll(file, lines)
		close()
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// lostSegment says what to do about a segment that cannot be read.
const lostSegment = ": none of its records is used; copy it again from where the run was made, or `ipcbench run --resume` measures them again"
