package conformance

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// census is what this process, and this user of the System V objects, hold:
// one line each.
type census map[string]bool

// warm has the Go runtime open what it keeps for itself.
var warm = sync.OnceValue(func() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	return w.Close()
})

// count counts descriptors, children, attached segments, System V objects and
// the names below dir.
func count(dir string) (census, error) {
	if err := warm(); err != nil {
		return nil, err
	}
	c := census{}
	for _, part := range []func() error{c.descriptors, c.children, c.segments, c.sysv, func() error { return c.names(dir) }} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// restored waits until nothing is left that was not there before. Objects of
// the same user's other processes come and go meanwhile; a leak stays.
func (before census) restored(dir string) error {
	var now census
	ok, err := until(10*time.Millisecond, settled, func() (bool, error) {
		var err error
		now, err = count(dir)
		maps.DeleteFunc(now, func(k string, _ bool) bool { return before[k] })
		return len(now) == 0, err
	})
	if err == nil && !ok {
		err = fmt.Errorf("left behind: %s", strings.Join(slices.Sorted(maps.Keys(now)), ", "))
	}
	return err
}

func (c census) descriptors() error {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, fd := range fds {
		target, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err != nil {
			continue // that of the listing itself
		}
		c[fmt.Sprintf("descriptor %s (%s)", fd.Name(), target)] = true
	}
	return nil
}

func (c census) children() error {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	for _, path := range all {
		stat, err := readStat(path)
		if err == nil && stat[statParent] == strconv.Itoa(os.Getpid()) {
			c["process "+filepath.Base(filepath.Dir(path))] = true
		}
	}
	return nil
}

// segments are the System V segments in this process's memory.
func (c census) segments() error {
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "/SYSV") {
			c["mapping "+strings.TrimSpace(line)] = true
		}
	}
	return nil
}

// sysv are the System V objects that this user has made.
func (c census) sysv() error {
	for _, kind := range []string{"shm", "sem", "msg"} {
		text, err := os.ReadFile("/proc/sysvipc/" + kind)
		if os.IsNotExist(err) {
			continue // a kernel without them
		}
		if err != nil {
			return err
		}
		head, rows, _ := strings.Cut(string(text), "\n")
		creator := slices.Index(strings.Fields(head), "cuid")
		for row := range strings.Lines(rows) {
			f := strings.Fields(row)
			if creator < 0 || creator >= len(f) {
				return fmt.Errorf("/proc/sysvipc/%s: no cuid in %q", kind, head)
			}
			if f[creator] == strconv.Itoa(os.Geteuid()) {
				c[kind+" "+f[1]] = true
			}
		}
	}
	return nil
}

func (c census) names(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		c["path "+path] = true
		if os.IsNotExist(err) {
			return nil // gone since it was listed
		}
		return err
	})
}
