package runner

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// Journal lists the kernel objects of a session that shares the host's
// namespaces, written before they are used, so that whoever comes later can
// prove whose they are: the kind, ID, owner and time of each, and the boot in
// which it was made. The session holds a lock on it for as long as it lives.
type Journal struct {
	f    *os.File
	dir  string
	left []mechanisms.Object
}

// entry is one line of a journal.
type entry struct {
	Boot    string             `json:"boot,omitempty"` // /proc/sys/kernel/random/boot_id, in the first line
	Dir     string             `json:"dir,omitempty"`  // private directory, to be removed with all that is in it
	Made    *mechanisms.Object `json:"made,omitempty"`
	Removed *mechanisms.Object `json:"removed,omitempty"`
}

// JournalDir is where journals are kept: $XDG_STATE_HOME/ipcbench, or
// ~/.local/state/ipcbench.
func JournalDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "ipcbench"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", errors.New("no place for a journal: set XDG_STATE_HOME or HOME to an absolute path")
	}
	return filepath.Join(home, ".local", "state", "ipcbench"), nil
}

// newJournalPath names a journal that does not exist yet.
func newJournalPath() (string, error) {
	dir, err := JournalDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return filepath.Join(dir, rand.Text()+".journal"), nil
}

// CreateJournal makes and locks a new journal.
func CreateJournal(path string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	j := &Journal{f: f}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, os.NewSyscallError("flock", err)
	}
	if err := j.write(entry{Boot: bootID()}); err != nil {
		f.Close()
		return nil, err
	}
	return j, nil
}

func (j *Journal) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = j.f.Write(append(line, '\n'))
	return err
}

// MakeDir makes the session's private directory, mode 0700. Its name is
// random and recorded before it is made: no kill comes between.
func (j *Journal) MakeDir() (string, error) {
	dir := filepath.Join(os.TempDir(), "ipcbench-"+rand.Text())
	if err := j.write(entry{Dir: dir}); err != nil {
		return "", fmt.Errorf("journal: %w", err)
	}
	j.dir = dir
	return dir, os.Mkdir(dir, 0o700)
}

// Add records objects that were just made.
func (j *Journal) Add(objects ...mechanisms.Object) error {
	for _, o := range objects {
		if err := j.write(entry{Made: &o}); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		j.left = append(j.left, o)
	}
	return nil
}

// Removed records that objects are gone.
func (j *Journal) Removed(objects ...mechanisms.Object) error {
	for _, o := range objects {
		if err := j.write(entry{Removed: &o}); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		j.left = slices.DeleteFunc(j.left, func(x mechanisms.Object) bool { return x == o })
	}
	return nil
}

// Close removes what is left of the objects and, if all are gone, the journal.
func (j *Journal) Close() error {
	defer j.f.Close()
	var errs []error
	for _, o := range slices.Backward(j.left) {
		errs = append(errs, o.Remove())
	}
	if j.dir != "" {
		errs = append(errs, os.RemoveAll(j.dir))
	}
	if err := errors.Join(errs...); err != nil {
		return err // the journal stays, for clean
	}
	return os.Remove(j.f.Name())
}

func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}
