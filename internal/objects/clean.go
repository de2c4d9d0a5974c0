package objects

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Remnant is an object that a journal still lists.
type Remnant struct {
	mechanisms.Object
	State string // "left", "removed", "kept: why"
}

// ErrInUse reports that the process that made a journal is alive.
var ErrInUse = errors.New("in use by a session that is running")

// Journals returns the paths of all journals in Dir.
func Journals() ([]string, error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(dir, "*.journal"))
}

// Clean lists what is left of the journal at path. With remove it removes the
// objects that are shown to be those in the journal, and then the journal. Where
// that can't be shown of an object, it stays, and the journal with it.
func Clean(path string, remove bool) ([]Remnant, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // closed as it should be
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	if int(st.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("%s belongs to user %d: only its owner may clean it", path, st.Uid)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	}
	l, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var left []Remnant
	kept := false
	note := func(o mechanisms.Object, exists bool, err error, removed func() error) {
		r := Remnant{Object: o, State: "left"}
		switch {
		case err != nil:
			r.State, kept = "kept: "+err.Error(), true
		case !exists:
			return
		case remove:
			r.State = "removed"
			if err := removed(); err != nil {
				r.State, kept = "kept: "+err.Error(), true
			}
		}
		left = append(left, r)
	}
	for _, o := range slices.Backward(l.objects) {
		if l.boot != bootID() && o.Kind != mechanisms.KindPath {
			continue // System V objects and message queues end with the boot, and IDs begin anew
		}
		exists, err := o.Exists()
		note(o, exists, err, o.Remove)
	}
	if l.dir != "" {
		o, exists, err := privateDir(l.dir)
		note(o, exists, err, func() error { return os.RemoveAll(l.dir) })
	}
	if remove && !kept {
		err = os.Remove(path)
	}
	return left, err
}

// CleanWhenFree removes what a process that was killed has left in its journal.
// A child that it was just starting may hold the lock for a moment longer.
func CleanWhenFree(path string) error {
	for deadline := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		left, err := Clean(path, true)
		if errors.Is(err, ErrInUse) && time.Now().Before(deadline) {
			continue
		}
		for _, r := range left {
			if r.State != "removed" {
				err = errors.Join(err, fmt.Errorf("%v: %s", r.Object, r.State))
			}
		}
		return err
	}
}

// Keep reads a journal until its last writer has gone, and removes what it
// lists. It does so on errors too, which it returns. What has taken the place of
// an object says that the object is gone.
func Keep(journal io.Reader) error {
	l, err := read(journal)
	for _, o := range slices.Backward(l.objects) {
		if e := o.Remove(); e != nil && !errors.Is(e, mechanisms.ErrNotOurs) {
			err = errors.Join(err, e)
		}
	}
	for _, name := range l.queues {
		if e := sys.MqUnlink(name); e != nil && !errors.Is(e, unix.ENOENT) {
			err = errors.Join(err, fmt.Errorf("message queue /%s: %w", name, e))
		}
	}
	if l.dir == "" {
		return err
	}
	_, exists, e := privateDir(l.dir)
	if e == nil && exists {
		e = os.RemoveAll(l.dir)
	}
	return errors.Join(err, e)
}

// privateDir reports whether a journal's directory exists. Its random name shows
// that it is ours, unless something else has taken its place.
func privateDir(dir string) (o mechanisms.Object, exists bool, err error) {
	o = mechanisms.Object{Kind: mechanisms.KindPath, Path: dir}
	var st unix.Stat_t
	err = unix.Lstat(dir, &st)
	if err == unix.ENOENT {
		return o, false, nil
	}
	if err != nil {
		return o, false, fmt.Errorf("%v: %w", o, os.NewSyscallError("lstat", err))
	}
	o.Inode, o.UID = st.Ino, int(st.Uid)
	if st.Mode&(unix.S_IFMT|0o777) != unix.S_IFDIR|0o700 || o.UID != os.Geteuid() || !privateName().MatchString(filepath.Base(dir)) {
		return o, false, fmt.Errorf("%v: mode %#o of user %d: %w", o, st.Mode, o.UID, mechanisms.ErrNotOurs)
	}
	return o, true, nil
}

var privateName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^ipcbench-[A-Z2-7]{26,}$`) }) // rand.Text
