package results

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

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
		err = os.NewSyscallError("flock", syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
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
	if !validExport.MatchString(name) || name == HeaderFile || name == RecordsFile {
		return fmt.Errorf("write %s in %s: not the name of an export", Quote(name), root.Name())
	}
	return replace(root, name, write)
}
