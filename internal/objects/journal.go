// Package objects notes the kernel objects that outlive the processes which
// made them, before they are used, and removes them after these processes have
// gone, however they went.
//
// A Journal is a file, which ipcbench clean finds later, or a pipe to a keeper:
// a process that calls Keep, which waits for the end of the journal's writers.
// An object is removed where it is shown to be the one in the journal. What has
// taken its place, and its name or number, stays.
package objects

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// Journal lists objects, so that any later process can show whose they are: the
// kind, number, owner and time of each, and the boot in which it was made.
type Journal struct {
	f    *os.File
	dir  string
	left []mechanisms.Object
}

// entry is one line of a journal. Names are noted before they are made, other
// objects right after that.
type entry struct {
	Boot    string             `json:"boot,omitempty"`  // /proc/sys/kernel/random/boot_id, in the first line
	Dir     string             `json:"dir,omitempty"`   // private directory, to be removed with all that is in it
	Queue   string             `json:"queue,omitempty"` // random name of a POSIX message queue, without its slash
	Made    *mechanisms.Object `json:"made,omitempty"`
	Removed *mechanisms.Object `json:"removed,omitempty"`
}

// Dir is where journals are kept: $XDG_STATE_HOME/ipcbench, or
// ~/.local/state/ipcbench.
func Dir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "ipcbench"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(home) {
		return "", errors.New("no place for a journal: set XDG_STATE_HOME or HOME to an absolute path")
	}
	return filepath.Join(home, ".local", "state", "ipcbench"), nil
}

// NewPath is a path in Dir at which there is no journal yet.
func NewPath() (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return filepath.Join(dir, rand.Text()+".journal"), nil
}

// Create makes a journal at path, and locks it until this process ends.
func Create(path string) (*Journal, error) {
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

// To is a journal that goes through a pipe to a keeper. Several processes may
// write to it.
func To(pipe *os.File) *Journal { return &Journal{f: pipe} }

// write writes a line at once: a pipe takes up to PIPE_BUF bytes, 4096, whole.
func (j *Journal) write(e entry) error {
	line, err := json.Marshal(e)
	if err == nil {
		_, err = j.f.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// MakeDir makes a private directory in parent, mode 0700. Its name is random and
// noted before it is made, so that no kill comes between.
func (j *Journal) MakeDir(parent string) (string, error) {
	dir := filepath.Join(parent, "ipcbench-"+rand.Text())
	if err := j.write(entry{Dir: dir}); err != nil {
		return "", err
	}
	j.dir = dir
	return dir, os.Mkdir(dir, 0o700)
}

// NameQueue returns a random name for a POSIX message queue, without its slash,
// and notes it.
func (j *Journal) NameQueue() (string, error) {
	name := "ipcbench-" + rand.Text()
	return name, j.write(entry{Queue: name})
}

// Add notes objects that were just made, or that were changed so that their
// times are others now.
func (j *Journal) Add(objects ...mechanisms.Object) error {
	for _, o := range objects {
		if err := j.write(entry{Made: &o}); err != nil {
			return err
		}
		j.left = append(j.left, o)
	}
	return nil
}

// Removed notes that objects are gone.
func (j *Journal) Removed(objects ...mechanisms.Object) error {
	for _, o := range objects {
		if err := j.write(entry{Removed: &o}); err != nil {
			return err
		}
		j.left = slices.DeleteFunc(j.left, func(x mechanisms.Object) bool { return x == o })
	}
	return nil
}

// Close removes what this process has added, and not removed, and the journal
// where all of that is gone.
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
		return err // the journal stays, for Clean
	}
	return os.Remove(j.f.Name())
}

// list is what a journal holds.
type list struct {
	boot, dir string
	queues    []string
	objects   []mechanisms.Object // made and not removed
}

// read reads a journal to its end. A torn last line is an object that was never
// used: its maker died while it wrote the line. Another line that is no entry is
// an error, and the lines after it count.
func read(r io.Reader) (l list, err error) {
	var torn error
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		err, torn = errors.Join(err, torn), nil // another line follows
		var e entry
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		if bad := dec.Decode(&e); bad != nil {
			torn = fmt.Errorf("line %d is not a journal entry: %w", n, bad)
			continue
		}
		switch {
		case e.Boot != "":
			l.boot = e.Boot
		case e.Dir != "":
			l.dir = e.Dir
		case e.Queue != "":
			l.queues = append(l.queues, e.Queue)
		case e.Made != nil:
			same := func(o mechanisms.Object) bool { return o.String() == e.Made.String() }
			l.objects = append(slices.DeleteFunc(l.objects, same), *e.Made)
		case e.Removed != nil:
			l.objects = slices.DeleteFunc(l.objects, func(o mechanisms.Object) bool { return o == *e.Removed })
		}
	}
	return l, errors.Join(err, lines.Err())
}

func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}
