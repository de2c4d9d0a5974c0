package results

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// replace gives name in root a new content, whole or not at all: it is
// written beside, synced and renamed. After an error the old content stands
// and nothing else is left.
func replace(root *os.Root, name string, write func(io.Writer) error) (err error) {
	beside := name + ".new"
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
		err = f.Sync()
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
	return errors.Join(d.Sync(), d.Close())
}
