package results

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Found is a directory among those of runs.
type Found struct {
	Name   string // of the directory
	Dir    string // its path
	Header Header // what the run was asked for
	Err    error  // why it is no run, or none that can be read; nil: it is one
}

// FindRuns finds the runs in a directory, the newest first, by their start and then by
// name; behind them what is no run, with its Err. In a directory that is missing
// there is none.
func FindRuns(dir string) ([]Found, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Found
	for _, e := range entries {
		f := Found{Name: e.Name(), Dir: filepath.Join(dir, e.Name())}
		if info, err := os.Stat(f.Dir); err == nil && !info.IsDir() {
			continue // such as .gitignore
		}
		f.Header, f.Err = readHeader(f.Dir)
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b Found) int {
		if (a.Err == nil) != (b.Err == nil) {
			return map[bool]int{true: -1, false: 1}[a.Err == nil]
		}
		return cmp.Or(b.Header.Started.Compare(a.Header.Started), cmp.Compare(b.Name, a.Name))
	})
	return all, nil
}

// ErrWritten says that a process writes a run.
var ErrWritten = errors.New("a process writes it")

// lockRun locks the records of a run and its directory, until held are closed, as
// whatever writes them does: see Run.openRecords and OpenDir. It fails with ErrWritten
// where a process holds one of them.
func lockRun(root *os.Root) (held []*os.File, err error) {
	records, err := lockRecords(root, os.O_RDONLY, syscall.LOCK_EX)
	if records != nil {
		held = append(held, records)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return held, written(err)
	}
	dir, err := root.Open(".")
	if err == nil {
		held = append(held, dir)
		err = os.NewSyscallError("flock", syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	}
	return held, written(err)
}

// written is the error of a lock.
func written(err error) error {
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrWritten
	}
	return err
}

// Written reports whether a process writes the records of the run in dir.
func Written(dir string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	f, err := lockRecords(root, os.O_RDONLY, syscall.LOCK_SH)
	if f != nil {
		f.Close()
	}
	return errors.Is(err, syscall.EWOULDBLOCK)
}

// Glance reads what a run came to, and none of its distributions.
func Glance(ctx context.Context, dir string) (*Set, error) {
	path := filepath.Join(dir, RecordsFile)
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // to open a FIFO would wait for its writer
		return nil, fmt.Errorf("%s is no file", path)
	}
	in, err := OpenInput(ctx, dir)
	if err != nil {
		return nil, err
	}
	return in.read(&Set{keep: func(*Record) {}, digest: true, tally: &Tally{}})
}

// Removal is the directory of a run that is provably one of ours, and locked, so that
// it can be removed.
type Removal struct {
	Dir    string
	Header Header
	Files  []string // below it, by name
	Bytes  int64    // of them

	parent, root *os.Root
	held         []*os.File // locked
}

// NewRemoval opens a run for removal. It refuses a directory that is a link, that has
// no readable header, that a process writes, or that has an entry which is no file or
// which ours does not call ours by its name. It follows no link.
func NewRemoval(dir string, ours func(name string) bool) (*Removal, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &Removal{Dir: dir}
	if err := r.open(ours); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Removal) open(ours func(name string) bool) (err error) {
	dir := r.Dir
	if r.parent, err = os.OpenRoot(filepath.Dir(dir)); err != nil {
		return err
	}
	there, err := r.parent.Lstat(filepath.Base(dir))
	if err != nil {
		return err
	}
	if !there.IsDir() {
		return fmt.Errorf("%s is no directory, or a link to one", dir)
	}
	if r.root, err = r.parent.OpenRoot(filepath.Base(dir)); err != nil {
		return err
	}
	if here, err := r.root.Stat("."); err != nil {
		return err
	} else if !os.SameFile(here, there) {
		return fmt.Errorf("%s was replaced meanwhile", dir)
	}
	entries, err := fs.ReadDir(r.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, of := e.Name(), strings.TrimSuffix(e.Name(), replacing)
		info, err := r.root.Lstat(name)
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is no file that a run or a report writes", filepath.Join(dir, name))
		case of != HeaderFile && of != RecordsFile && of != BenchFile && of != ConsoleFile && !isSegment(of) && !ours(of):
			return fmt.Errorf("no run or report writes %s", filepath.Join(dir, name))
		}
		r.Files, r.Bytes = append(r.Files, name), r.Bytes+info.Size()
	}
	header, err := r.root.Open(HeaderFile)
	if err != nil {
		return err
	}
	defer header.Close()
	if r.Header, err = parseHeader(header); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, HeaderFile), err)
	}
	r.held, err = lockRun(r.root)
	return err
}

// Remove removes the files and then the directory. The header goes last: what an
// interruption leaves is a run still, and can be removed. A file that came since
// stays, with the directory, and is an error.
func (r *Removal) Remove() error {
	for _, name := range append(slices.DeleteFunc(slices.Clone(r.Files), func(n string) bool { return n == HeaderFile }), HeaderFile) {
		if err := r.root.Remove(name); err != nil {
			return err
		}
	}
	return r.parent.Remove(filepath.Base(r.Dir))
}

// Close gives the directory up.
func (r *Removal) Close() {
	for _, f := range r.held {
		f.Close()
	}
	for _, root := range []*os.Root{r.root, r.parent} {
		if root != nil {
			root.Close()
		}
	}
}
