package results

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Names of the files in a run's directory.
const (
	HeaderFile  = "run.json"      // the Header
	RecordsFile = "records.jsonl" // the truth: one Record a line, each after its setup, behind those of closed segments
	BenchFile   = "bench.txt"     // the same in the Go benchmark format
	ConsoleFile = "console.txt"   // of a kernel that did not boot
)

// RunsDir is where runs are kept unless another directory is named. In it a run's ID is
// name enough.
const RunsDir = "results/runs"

// Run is the directory of one run, open for writing by this process alone.
// It is not safe for concurrent use.
type Run struct {
	Header   Header
	Dir      string
	Warnings []string // what Open had to mend

	root    *os.Root
	records *os.File // records.jsonl
	size    int64    // bytes of whole records in it
	setups  []*setup // that this process wrote into it
	closed  int      // number of the latest closed segment
	segment int64    // bytes of a segment, at least
	closeAt int64    // size from which records.jsonl closes
	fault   error    // why a segment could not be closed: its records are there all the same
	atStep  func()   // called before each change of the directory while a segment closes; nil: of tests
}

// Create makes the directory of a new run, named h.ID, in runs, which it
// creates where it is missing, and writes the header. A directory that exists
// is refused with fs.ErrExist: see Open.
func Create(runs string, h Header) (*Run, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return nil, err
	}
	parent, err := os.OpenRoot(runs)
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	if err := parent.Mkdir(h.ID, 0o755); err != nil {
		return nil, err
	}
	run, err := create(parent, h)
	if err != nil { // the directory is ours: it was made four lines above
		return nil, errors.Join(err, parent.RemoveAll(h.ID))
	}
	run.Dir = filepath.Join(runs, h.ID)
	return run, nil
}

func create(parent *os.Root, h Header) (*Run, error) {
	root, err := parent.OpenRoot(h.ID)
	if err != nil {
		return nil, err
	}
	run := &Run{Header: h, root: root, segment: segmentBytes, closeAt: segmentBytes}
	err = replace(root, HeaderFile, h.write)
	if err == nil {
		err = run.openRecords()
	}
	if err == nil {
		err = errors.Join(syncDir(root), syncDir(parent))
	}
	if err != nil {
		return nil, errors.Join(err, run.Close())
	}
	return run, nil
}

// Open opens the run directory dir to continue the run. A last record that a
// crash tore is cut off; Warnings says so.
func Open(dir string) (*Run, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() { // to open a FIFO would wait for its writer
		return nil, &os.PathError{Op: "open", Path: dir, Err: syscall.ENOTDIR}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	run := &Run{Dir: dir, root: root, segment: segmentBytes, closeAt: segmentBytes}
	run.Header, err = readHeader(dir)
	if err == nil {
		err = run.openRecords()
	}
	if err == nil {
		err = run.mend()
	}
	if err == nil {
		err = run.finishClosing()
	}
	if err != nil {
		return nil, errors.Join(err, run.Close())
	}
	return run, nil
}

// openRecords opens the file of records and locks it: two writers would
// interleave, and one would cut off what the other wrote.
func (r *Run) openRecords() (err error) {
	r.records, err = lockRecords(r.root, os.O_RDWR|os.O_CREATE|os.O_APPEND, syscall.LOCK_EX)
	if r.records != nil {
		err = permitted(err)
	}
	if err != nil && r.records != nil {
		err = fmt.Errorf("lock %s (another process writes this run): %w", r.records.Name(), err)
	}
	return err
}

// lockRecords opens the file of records and locks it. It returns the file also where
// the lock is the error. A process that writes the run may put another file, which it
// has locked, in the place of this one meanwhile.
func lockRecords(root *os.Root, flag, how int) (f *os.File, err error) {
	for {
		if f, err = root.OpenFile(RecordsFile, flag|syscall.O_NONBLOCK, 0o644); err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
			return f, os.NewSyscallError("flock", err)
		}
		locked, err := f.Stat()
		if err != nil {
			return f, err
		}
		if now, err := root.Stat(RecordsFile); err == nil && os.SameFile(locked, now) {
			return f, nil
		}
		f.Close()
	}
}

// Append writes one record with one write(2), and its setup before it where the file
// does not have it yet. Once records.jsonl has 4 MiB it becomes a closed segment.
// Schema and Run are filled in; a record that no reader would take is refused. After
// an error nothing of the record is in the file, or the error says that it could not
// be taken back.
func (r *Run) Append(rec Record) error {
	if rec.Run != "" && rec.Run != r.Header.ID {
		return fmt.Errorf("append to run %s: the record belongs to run %s", r.Header.ID, Quote(rec.Run))
	}
	rec.Schema, rec.Run = Schema, r.Header.ID
	text, under, err := r.lines(&rec)
	if err != nil {
		return fmt.Errorf("append to run %s: %w", r.Header.ID, err)
	}
	if _, err := r.records.Write(text); err != nil {
		if back := r.records.Truncate(r.size); back != nil {
			err = fmt.Errorf("%w; what was written of the record stays in the file: %w", err, back)
		}
		return fmt.Errorf("append to run %s: %w", r.Header.ID, err)
	}
	r.size += int64(len(text))
	if !slices.Contains(r.setups, under) {
		r.setups = append(r.setups, under)
	}
	if r.size >= r.closeAt {
		if err := r.closeSegment(); err != nil && r.fault == nil {
			r.fault = fmt.Errorf("compress a segment of the records, which stays plain: %w", err)
		}
		r.closeAt = r.size + r.segment // where it did not close, it is tried again that much later
	}
	return nil
}

// lines is what is to be written of a record: its setup, where the file lacks it,
// and itself.
func (r *Run) lines(rec *Record) (text []byte, under *setup, err error) {
	if err := rec.check(); err != nil {
		return nil, nil, err
	}
	if i := slices.IndexFunc(r.setups, func(s *setup) bool { return s.of(rec) }); i >= 0 {
		under = r.setups[i]
	} else {
		if under, err = setupOf(rec); err != nil {
			return nil, nil, err
		}
		if text, err = under.appendLine(nil); err != nil {
			return nil, nil, err
		}
	}
	setup := len(text)
	if text, err = rec.appendLine(text, under); err != nil {
		return nil, nil, err
	}
	if n := max(setup, len(text)-setup); n > maxLine {
		return nil, nil, fmt.Errorf("a record or its setup of %d bytes, at most %d", n, maxLine)
	}
	return text, under, nil
}

// Missed writes into the header which cells did not reach the precision that
// was asked for.
func (r *Run) Missed(cells []string) error {
	if len(cells) == 0 && len(r.Header.Missed) == 0 {
		return nil
	}
	r.Header.Missed = cells
	return replace(r.root, HeaderFile, r.Header.write)
}

// WriteFile gives the file name in the run's directory a new content, whole
// or not at all. It is for exports, never for the records.
func (r *Run) WriteFile(name string, write func(io.Writer) error) error {
	return writeExport(r.root, name, write)
}

// WriteBench writes the records as bench.txt.
func (r *Run) WriteBench() error {
	return r.WriteFile(BenchFile, func(w io.Writer) error {
		return writeBench(w, func(take func(*Record)) error {
			_, err := Scan(r.Dir, take)
			return err
		})
	})
}

// Close syncs the records and gives up the run. Its error also says why a segment could
// not be compressed, whose records are there all the same.
func (r *Run) Close() error {
	errs := []error{r.fault}
	if r.records != nil {
		errs = append(errs, permitted(r.records.Sync()), r.records.Close())
	}
	return errors.Join(append(errs, r.root.Close())...)
}

// Dir is a directory that reports are written into, by this process alone:
// that of a run, or any other.
type Dir struct {
	root *os.Root
	lock *os.File
}

// OpenDir opens a directory, which it makes where it is missing. An error
// says also that another process writes a report into it.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{root: root}
	if d.lock, err = root.Open("."); err == nil {
		err = os.NewSyscallError("flock", permitted(syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s (another process writes a report there): %w", path, err), d.Close())
	}
	return d, nil
}

// WriteFile gives the file name in the directory a new content, whole or not
// at all. It never replaces a run's records or header.
func (d *Dir) WriteFile(name string, write func(io.Writer) error) error {
	return writeExport(d.root, name, write)
}

// Close gives up the directory.
func (d *Dir) Close() error {
	var err error
	if d.lock != nil {
		err = d.lock.Close()
	}
	return errors.Join(err, d.root.Close())
}

// validExport is the name of a file that a report may have.
var validExport = newForm(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$`)

// writeExport is WriteFile of a Dir and of a Run.
func writeExport(root *os.Root, name string, write func(io.Writer) error) error {
	if !validExport.MatchString(name) || name == HeaderFile || name == RecordsFile || isSegment(name) {
		return fmt.Errorf("write %s in %s: not the name of an export", Quote(name), root.Name())
	}
	return replace(root, name, write)
}

// replacing ends the name of a file that is written to take the place of another.
const replacing = ".new"

// replace gives name in root a new content, whole or not at all: it is
// written beside, synced and renamed. After an error the old content stands
// and nothing else is left.
func replace(root *os.Root, name string, write func(io.Writer) error) (err error) {
	beside := name + replacing
	// What a killed process has left goes. So does a link or a FIFO: opened, it
	// would lead into another file, or hang.
	if err := root.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.Remove(beside))
		}
	}()
	w := bufio.NewWriter(f)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = permitted(f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(root.Name(), name), err)
	}
	if err := root.Rename(beside, name); err != nil {
		return err
	}
	return syncDir(root)
}

// syncDir makes what was created or renamed in root survive a power cut.
func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(permitted(d.Sync()), d.Close())
}

// mend cuts a torn last line off the records, so that the next one starts on
// a line of its own. A record ends with its newline, so whatever follows the
// last newline was never finished.
func (r *Run) mend() error {
	info, err := r.records.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	r.size, err = r.lastLineEnd(end)
	if err != nil || r.size == end {
		return err
	}
	if err := r.records.Truncate(r.size); err != nil {
		return fmt.Errorf("cut off the torn last record: %w", err)
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("%s: cut off a torn last record of %d bytes", RecordsFile, end-r.size))
	return nil
}

// lastLineEnd returns the offset after the last newline before end, 0 where
// there is none.
func (r *Run) lastLineEnd(end int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end > 0 {
		n := min(end, int64(len(buf)))
		if _, err := r.records.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}

// permitted is the error of a call that makes files safer, nil where a seccomp
// filter refuses it: what is written is there all the same.
func permitted(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		return nil
	}
	return err
}
