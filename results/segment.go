package results

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"ipcbench/internal/compressed"
)

// The records of a run are its closed segments and, behind them, records.jsonl, which
// alone grows. A segment is the plain text of whole lines, compressed; each begins with
// a setup, so that the loss of one costs no other. OpenInput reads all of them.
//
// A segment closes in steps, between which a process may end. At each of them the
// records are there once or, where they are there twice, under names that show it:
//
//	records.jsonl gets the second name records-000001.jsonl
//	an empty records.jsonl, locked, takes the first name
//	records-000001.jsonl.zst is written beside, synced and renamed
//	records-000001.jsonl is removed
const (
	segmentBytes  = 4 << 20  // of plain text, from which on records.jsonl closes: some 6,000 records, compressed in 0.05 s
	segmentWindow = 1 << 20  // how far a compressed segment refers back
	maxWindow     = 8 << 20  // how far one may, whatever wrote it: what RFC 8878 asks every decoder to take
	maxExpansion  = 200      // bytes of text that a compressed byte stands for; records have 4 to 30
	freeExpansion = 64 << 20 // bytes of text that no input is refused for
	packedSuffix  = ".zst"
	zstdMagic     = "\x28\xb5\x2f\xfd"
)

var segmentName = newForm(`^records-[0-9]{6}\.jsonl(\.zst)?$`)

// isSegment reports whether a file of that name in a run's directory is a closed
// segment of its records.
func isSegment(name string) bool { return segmentName.MatchString(name) }

// segment is a closed part of a run's records.
type segment struct {
	n     int  // from 1
	plain bool // it is there as plain text, compressed or not
}

func (s segment) name() string       { return fmt.Sprintf("records-%06d.jsonl", s.n) }
func (s segment) packedName() string { return s.name() + packedSuffix }

// segmentsIn lists the segments in a run's directory, in order. One that is still
// another name of open, which may be nil, is not closed.
func segmentsIn(dir fs.FS, open os.FileInfo) ([]segment, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, err
	}
	var all []segment
	for _, e := range entries { // by name
		if !isSegment(e.Name()) {
			continue
		}
		if info, err := fs.Stat(dir, e.Name()); err == nil && open != nil && os.SameFile(info, open) {
			continue
		}
		n, _ := strconv.Atoi(e.Name()[len("records-"):][:6]) // six digits are one
		if len(all) == 0 || all[len(all)-1].n != n {
			all = append(all, segment{n: n})
		}
		if s := &all[len(all)-1]; !strings.HasSuffix(e.Name(), packedSuffix) {
			s.plain = true
		}
	}
	return all, nil
}

// closeSegment closes the records so far and begins an empty records.jsonl. It does
// nothing where the filesystem has no second names: the file grows on.
func (r *Run) closeSegment() error {
	s := segment{n: r.closed + 1}
	r.step()
	if err := permitted(r.records.Sync()); err != nil {
		return err
	}
	r.step()
	if err := r.root.Link(RecordsFile, s.name()); err != nil {
		if slices.ContainsFunc([]error{syscall.EPERM, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.EMLINK}, func(no error) bool { return errors.Is(err, no) }) {
			return nil
		}
		return err
	}
	r.step()
	next, err := r.beginRecords()
	if err != nil {
		return errors.Join(err, r.root.Remove(s.name()))
	}
	was := r.records
	r.records, r.size, r.closed, r.setups = next, 0, s.n, nil
	r.step()
	return errors.Join(was.Close(), syncDir(r.root), r.pack(s))
}

// beginRecords puts an empty file, which this process has locked, in the place of
// records.jsonl.
func (r *Run) beginRecords() (*os.File, error) {
	const beside = RecordsFile + replacing
	if err := r.root.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	next, err := r.root.OpenFile(beside, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	r.step()
	err = permitted(syscall.Flock(int(next.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	if err == nil {
		r.step()
		err = r.root.Rename(beside, RecordsFile)
	}
	if err != nil {
		return nil, errors.Join(err, next.Close(), r.root.Remove(beside))
	}
	return next, nil
}

// pack compresses a segment that is plain.
func (r *Run) pack(s segment) error {
	plain, err := r.root.Open(s.name())
	if err != nil {
		return err
	}
	defer plain.Close()
	r.step()
	err = replace(r.root, s.packedName(), func(w io.Writer) error {
		enc, err := compressed.NewWriter(stepWriter{w, r.step}, segmentWindow)
		if err != nil {
			return err
		}
		_, err = io.Copy(enc, plain)
		return errors.Join(err, enc.Close())
	})
	if err != nil {
		return err
	}
	r.step()
	return r.root.Remove(s.name())
}

// stepWriter steps before each write.
type stepWriter struct {
	w    io.Writer
	step func()
}

func (s stepWriter) Write(p []byte) (int, error) {
	s.step()
	return s.w.Write(p)
}

// step is called before each change that closing a segment makes.
func (r *Run) step() {
	if r.atStep != nil {
		r.atStep()
	}
}

// finishClosing ends what an earlier process began: a segment that has got its name
// and nothing more is open again, and one that is plain is compressed.
func (r *Run) finishClosing() error {
	open, err := r.records.Stat()
	if err != nil {
		return err
	}
	segments, err := segmentsIn(r.root.FS(), open)
	if err != nil {
		return err
	}
	for _, s := range segments {
		r.closed = max(r.closed, s.n)
		if s.plain {
			if err := r.pack(s); err != nil {
				return err
			}
		}
	}
	// Its second name would be that of the next segment.
	if err := r.root.Remove(segment{n: r.closed + 1}.name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// unpacked is a text that may be compressed with zstd, decompressed. Whatever it holds,
// its memory is bounded by maxWindow, and what comes out of it by maxExpansion.
type unpacked struct {
	in   *countedReader
	text *bufio.Reader
	dec  compressed.Reader // nil: it is not compressed, or not begun
	err  error             // of its beginning
	n    int64             // bytes of text that were read
	once sync.Once         // it is begun
}

func newUnpacked(r io.Reader) *unpacked {
	in := &countedReader{r: r}
	return &unpacked{in: in, text: bufio.NewReaderSize(in, 64<<10)}
}

// packed reports whether the text is compressed. It waits for its beginning.
func (u *unpacked) packed() bool {
	u.once.Do(func() {
		if magic, _ := u.text.Peek(len(zstdMagic)); string(magic) == zstdMagic {
			u.dec, u.err = compressed.NewReader(u.text, maxWindow)
		}
	})
	return u.dec != nil
}

func (u *unpacked) Read(p []byte) (n int, err error) {
	switch {
	case !u.packed() && u.err == nil:
		return u.text.Read(p)
	case u.err != nil:
		return 0, u.err
	}
	n, err = u.dec.Read(p)
	if u.n += int64(n); u.n > freeExpansion && u.n/maxExpansion > u.in.n {
		return 0, fmt.Errorf("%s of text in %s: these are not records", FormatBytes(int(u.n>>20<<20)), FormatBytes(int(u.in.n)))
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("damaged: %w", err)
	}
	return n, err
}

// free gives up the memory of the decoder.
func (u *unpacked) free() {
	if u.dec != nil {
		u.dec.Close()
	}
}

// countedReader counts what was read of it.
type countedReader struct {
	r io.Reader
	n int64 // bytes
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// openSegment opens a segment and returns the name of the file that it is read from. A
// compressed one was read to its end before: the checksum stands there, and nothing
// before it is to be used where that is wrong.
func openSegment(dir *os.Root, s segment) (name string, text io.Reader, close func(), err error) {
	// A writer may have removed the plain one since, and then there is the other.
	for _, name = range []string{s.name(), s.packedName()} {
		info, err := dir.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err == nil && !info.Mode().IsRegular() { // to open a FIFO would wait for its writer
			err = errors.New("it is no file")
		}
		var f *os.File
		if err == nil {
			f, err = dir.Open(name)
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && name == s.packedName() {
			err = check(f)
		}
		if err != nil {
			f.Close() // of none it is an error, and no harm
			return name, nil, nil, err
		}
		u := newUnpacked(f)
		return name, u, func() { u.free(); f.Close() }, nil
	}
	return name, nil, nil, errors.New("it is missing")
}

// check reads a compressed segment to its end, and goes back to its beginning.
func check(f *os.File) error {
	u := newUnpacked(f)
	defer u.free()
	if !u.packed() && u.err == nil {
		return errors.New("damaged: it is not zstd")
	}
	if _, err := io.Copy(io.Discard, u); err != nil {
		return err
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}
