// Package objects notes the kernel objects that outlive the processes which
// made them, before they are used, and removes them after these processes have
// gone, however they went.
//
// A Journal is a locked file. Its lock ends with the last process that holds the
// file: then Keep, in a process that waits for this, or later ipcbench clean,
// removes what the journal lists. An object is removed where it is shown to be
// the one in the journal. What has taken its place, and its name or number, stays.
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
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
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
// ~/.local/state/ipcbench. Root passes over the home of another user, which sudo(8)
// may leave in HOME, for its own in passwd(5): that user could not enter what root
// makes there.
func Dir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "ipcbench"), nil
	}
	home := os.Getenv("HOME")
	var st unix.Stat_t
	if sys.EUID() == 0 && (unix.Stat(home, &st) != nil || st.Uid != 0) {
		home = ""
		if root, err := user.LookupId("0"); err == nil {
			home = root.HomeDir
		}
	}
	if !filepath.IsAbs(home) {
		return "", errors.New("no place for a journal: set XDG_STATE_HOME or HOME to an absolute path")
	}
	return filepath.Join(home, ".local", "state", "ipcbench"), nil
}

// TempDir is where what is ours in a shared directory goes: $TMPDIR, which need
// not exist, or without it the first of the usual directories that does. An image
// without files may have none but the working directory.
func TempDir() string {
	if dir := os.Getenv("TMPDIR"); dir != "" {
		return dir
	}
	for _, dir := range []string{"/tmp", "/var/tmp", "/dev/shm"} {
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			return dir
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		return os.TempDir() // its absence is then the error
	}
	return dir
}

// prefix begins the names of what is ours in a directory that users share.
const prefix, suffix = "ipcbench-", ".journal"

// NewPath is a path at which there is no journal yet: in Dir, or in the
// directory for temporary files where Dir can't be written to.
func NewPath() string {
	dir, err := Dir()
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o700), unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS))
	}
	if err != nil {
		return filepath.Join(TempDir(), prefix+rand.Text()+suffix)
	}
	return filepath.Join(dir, rand.Text()+suffix)
}

// Create makes a journal at path, and locks it until this process, and every
// other that inherits File, has ended.
func Create(path string) (*Journal, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if err != nil {
			return nil, err
		}
		var st unix.Stat_t
		if err = lock(f, unix.LOCK_EX); err == nil {
			err = os.NewSyscallError("fstat", unix.Fstat(int(f.Fd()), &st))
		}
		if err == nil && st.Nlink == 0 { // a Clean came before the lock, and found an empty journal
			f.Close()
			continue
		}
		j := &Journal{f: f}
		if err == nil && st.Mode&0o777 != 0o600 { // by the umask: Clean opens it
			err = f.Chmod(0o600)
		}
		if err == nil {
			err = j.write(entry{Boot: bootID()})
		}
		if err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(path))
		}
		return j, nil
	}
}

// Scratch makes a private directory for temporary files, and its journal, whose
// Close removes both.
func Scratch() (j *Journal, dir string, err error) {
	if j, err = Create(NewPath()); err != nil {
		return nil, "", err
	}
	if dir, err = j.MakeDir(TempDir()); err != nil {
		return nil, "", errors.Join(err, j.Close())
	}
	return j, dir, nil
}

// lock locks a file as flock(2) does.
func lock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); err != unix.EINTR {
			return os.NewSyscallError("flock", err)
		}
	}
}

// Inherited is a journal that another process has made, and whose File this one
// has inherited.
func Inherited(f *os.File) *Journal { return &Journal{f: f} }

// File is the journal's file.
func (j *Journal) File() *os.File { return j.f }

// write appends a line at once. A full disk may take a part of it, which would
// spoil the next line: it is cut off, unless another process has written since.
func (j *Journal) write(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	was, err := j.f.Stat()
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	n, err := j.f.Write(append(line, '\n'))
	if err == nil {
		return nil
	}
	if now, e := j.f.Stat(); e == nil && n > 0 && now.Size() == was.Size()+int64(n) {
		err = errors.Join(err, j.f.Truncate(was.Size()))
	}
	return fmt.Errorf("journal: %w", err)
}

// MakeDir makes a private directory in parent, mode 0700 whatever the umask. Its
// name is random and noted before it is made, so that no kill comes between. The
// path is absolute: Clean runs in another directory.
func (j *Journal) MakeDir(parent string) (string, error) {
	parent, err := filepath.Abs(parent)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(parent, prefix+rand.Text())
	if err := j.write(entry{Dir: dir}); err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	j.dir = dir
	if info, err := os.Lstat(dir); err != nil || info.Mode().Perm() == 0o700 {
		return dir, err
	}
	return dir, os.Chmod(dir, 0o700) // the umask took some of it
}

// NameQueue returns a random name for a POSIX message queue, without its slash,
// and notes it.
func (j *Journal) NameQueue() (string, error) {
	name := prefix + rand.Text()
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
		errs = append(errs, removePrivateDir(j.dir))
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
	used      bool                // objects were made
}

// read reads a journal to its end. A torn last line is an object that was never
// used: its maker died while it wrote the line. Another line that is no entry is
// an error, and the lines after it count.
func read(r io.Reader) (l list, err error) {
	var torn error
	made := map[string]int{} // index in l.objects, by name: a later note counts
	gone := map[int]bool{}
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
			if i, ok := made[e.Made.String()]; ok {
				gone[i] = true
			}
			made[e.Made.String()] = len(l.objects)
			l.objects = append(l.objects, *e.Made)
		case e.Removed != nil:
			if i, ok := made[e.Removed.String()]; ok && l.objects[i] == *e.Removed {
				gone[i] = true
			}
		}
	}
	l.used = len(l.objects)+len(l.queues) > 0
	left := l.objects[:0]
	for i, o := range l.objects {
		if !gone[i] {
			left = append(left, o)
		}
	}
	l.objects = left
	return l, errors.Join(err, lines.Err())
}

func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(b))
}
