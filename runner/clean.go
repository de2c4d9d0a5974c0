package runner

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// Remnant is an object that a journal still lists.
type Remnant struct {
	mechanisms.Object
	State string // "left", "removed", "kept: why"
}

// ErrInUse says that a journal's session is alive.
var ErrInUse = errors.New("in use by a session that is running")

// Journals returns the paths of all journals.
func Journals() ([]string, error) {
	dir, err := JournalDir()
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(dir, "*.journal"))
}

// CleanJournal lists what a journal's session left behind. With remove it
// removes those objects that are provably the recorded ones, and then the
// journal. An object that cannot be proven is kept, and the journal with it.
func CleanJournal(path string, remove bool) ([]Remnant, error) {
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
	boot, dir, objects, err := readJournal(f)
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
	for _, o := range slices.Backward(objects) {
		if boot != bootID() && o.Kind != mechanisms.KindPath {
			continue // System V objects and message queues end with the boot, and IDs begin anew
		}
		exists, err := o.Exists()
		note(o, exists, err, o.Remove)
	}
	if dir != "" {
		o, exists, err := privateDir(dir)
		note(o, exists, err, func() error { return os.RemoveAll(dir) })
	}
	if remove && !kept {
		err = os.Remove(path)
	}
	return left, err
}

// privateDir tells whether a journal's directory is there. Its random name
// makes it ours, unless something else has taken its place.
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

// readJournal returns the boot, the private directory and the objects that
// were made and not removed. A torn last line is an object that was never
// used: its maker died while writing it down.
func readJournal(f *os.File) (boot, dir string, objects []mechanisms.Object, err error) {
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var e entry
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&e); err != nil {
			if !lines.Scan() {
				break
			}
			return "", "", nil, fmt.Errorf("line %d is not a journal entry: %w", n, err)
		}
		switch {
		case e.Boot != "":
			boot = e.Boot
		case e.Dir != "":
			dir = e.Dir
		case e.Made != nil:
			objects = append(objects, *e.Made)
		case e.Removed != nil:
			objects = slices.DeleteFunc(objects, func(o mechanisms.Object) bool { return o == *e.Removed })
		}
	}
	return boot, dir, objects, lines.Err()
}
