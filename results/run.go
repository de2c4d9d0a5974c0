package results

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Names of the files in a run's directory.
const (
	HeaderFile  = "run.json"      // the Header
	RecordsFile = "records.jsonl" // the truth: one Record a line, each after its setup
	BenchFile   = "bench.txt"     // the same in the Go benchmark format
)

// Run is the directory of one run, open for writing by this process alone.
// It is not safe for concurrent use.
type Run struct {
	Header   Header
	Dir      string
	Warnings []string // what Open had to mend

	root    *os.Root
	records *os.File
	size    int64    // bytes of whole records
	setups  []*setup // that this process wrote
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
	run := &Run{Header: h, root: root}
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
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	run := &Run{Dir: dir, root: root}
	run.Header, err = readHeader(dir)
	if err == nil {
		err = run.openRecords()
	}
	if err == nil {
		err = run.mend()
	}
	if err != nil {
		return nil, errors.Join(err, run.Close())
	}
	return run, nil
}

// openRecords opens the file of records and locks it: two writers would
// interleave, and one would cut off what the other wrote.
func (r *Run) openRecords() (err error) {
	r.records, err = r.root.OpenFile(RecordsFile, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(r.records.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s (another process writes this run): %w", r.records.Name(), os.NewSyscallError("flock", err))
	}
	return nil
}

// Append writes one record with one write(2), and its setup before it where
// this process has not written it yet. Schema and Run are filled in; a record
// that no reader would take is refused. After an error nothing of the record is
// in the file, or the error says that it could not be taken back.
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
	return nil
}

// lines is what is to be written of a record: its setup, where that is new, and
// itself.
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

// Close syncs the records and gives up the run.
func (r *Run) Close() error {
	var errs []error
	if r.records != nil {
		errs = append(errs, r.records.Sync(), r.records.Close())
	}
	return errors.Join(append(errs, r.root.Close())...)
}
