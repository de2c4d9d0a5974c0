package history

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"ipcbench/results"
)

// Added is a run that a series has already.
type Added struct {
	Series, Run, Build, File string
}

func (e *Added) Error() string {
	return fmt.Sprintf("series %s has run %s already, as build %s: %s", e.Series, results.Quote(e.Run), results.Quote(e.Build), results.Quote(e.File))
}

// Odd is a file of a history that is left out, or a build with something odd.
type Odd struct {
	File string `json:"file"` // its path
	Why  string `json:"why"`  // what is wrong
}

func (o Odd) String() string { return results.Quote(o.File) + ": " + o.Why }

// Add writes builds to their series in a directory, which it makes, and returns the
// paths of their files. It writes none where a run is there already, or where a build
// has no place in its series. It takes no lock: a file appears whole, under a name that
// no other content has.
func Add(dir string, builds ...*Build) (paths []string, err error) {
	packed := make([][]byte, len(builds))
	for i, b := range builds {
		if packed[i], err = b.Encode(); err != nil {
			return nil, fmt.Errorf("build %s: %w", results.Quote(b.Build), err)
		}
		if err := fits(dir, b, builds[:i]); err != nil {
			return nil, err
		}
	}
	for i, b := range builds {
		in := filepath.Join(dir, b.Series)
		if err := os.MkdirAll(in, 0o777); err != nil {
			return paths, err
		}
		path := filepath.Join(in, b.ID+Extension)
		if err := write(in, path, packed[i]); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// fits refuses a build whose run is there, and one without a place in its series. Those
// before it are about to be there.
func fits(dir string, b *Build, before []*Build) error {
	all, _, err := headers(dir, b.Series)
	if err != nil {
		return err
	}
	for _, h := range all {
		if h.Run == b.Run && whole(dir, h) {
			return &Added{b.Series, b.Run, h.Name(), filepath.Join(dir, b.Series, h.ID+Extension)}
		}
	}
	for _, o := range before {
		if o.Series == b.Series && o.Run == b.Run {
			return &Added{b.Series, b.Run, o.Name(), o.ID + Extension}
		}
		if o.Series == b.Series {
			all = append(all, &o.Header)
		}
	}
	if b.After == "" && len(all) > 0 && kinds[b.Kind] != byDate(all) {
		by := map[bool]string{true: "dates: --at takes a commit or a date", false: "versions: --at takes a version"}
		return fmt.Errorf("build %s has no place in series %s, which is ordered by %s; --after BUILD gives it one", results.Quote(b.Build), b.Series, by[!kinds[b.Kind]])
	}
	return nil
}

// whole reports whether the file of a build can be read to its end. One that is damaged
// hides no run, which may be added anew.
func whole(dir string, h *Header) bool {
	root, err := os.OpenRoot(filepath.Join(dir, h.Series))
	if err != nil {
		return false
	}
	defer root.Close()
	return open(root, h.ID+Extension, func(r *reader) error {
		return r.rest(h.ID, func(Cell, results.Cell) error { return nil })
	}) == nil
}

// write makes a file that is there whole or not at all.
func write(dir, path string, content []byte) (err error) {
	var random [6]byte
	rand.Read(random[:])
	beside := filepath.Join(dir, ".new-"+hex.EncodeToString(random[:]))
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(beside)
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = permitted(f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(beside, path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(permitted(d.Sync()), d.Close())
}

// permitted is the error of a call that makes files safer, nil where a seccomp filter
// refuses it: what is written is there all the same.
func permitted(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		return nil
	}
	return err
}

// All lists the series of a history, by name. A directory that is missing has none.
func All(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if !e.IsDir() || CheckSeries(e.Name()) != nil {
			continue
		}
		files, err := filepath.Glob(filepath.Join(dir, e.Name(), "*"+Extension))
		if err == nil && len(files) > 0 {
			names = append(names, e.Name())
		}
	}
	if len(names) > maxSeries {
		return nil, fmt.Errorf("%s has %d series: want at most %d", results.Quote(dir), len(names), maxSeries)
	}
	return names, err
}

var validFile = expression(`^[0-9a-f]{16}` + regexp.QuoteMeta(Extension) + `$`)

// headers reads the headers of a series, in no order. What is no build is odd; a file
// that begins with a dot is about to be written.
func headers(dir, series string) (all []*Header, odd []Odd, err error) {
	entries, err := os.ReadDir(filepath.Join(dir, series))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	root, err := os.OpenRoot(filepath.Join(dir, series))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	left := func(name string, err error) {
		odd = append(odd, Odd{filepath.Join(dir, series, name), results.Quote(err.Error())})
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasPrefix(name, "."):
		case !validFile().MatchString(name):
			left(name, fmt.Errorf("its name is not that of a build, 16 hexadecimal digits and %s", Extension))
		case len(all) == maxBuilds:
			left(name, fmt.Errorf("the series has more than %d builds", maxBuilds))
			return all, odd, nil
		default:
			h, err := headerOf(root, name)
			if err == nil && h.Series != series {
				err = fmt.Errorf("it is of series %s", h.Series)
			}
			if err != nil {
				left(name, err)
				continue
			}
			all = append(all, h)
		}
	}
	return all, odd, nil
}

func headerOf(root *os.Root, name string) (*Header, error) {
	var h *Header
	err := open(root, name, func(r *reader) error {
		h = &r.Header
		h.ID = strings.TrimSuffix(name, Extension)
		return nil
	})
	return h, err
}

// open hands on the file of a build. It waits for nothing: a FIFO or a link is no
// build.
func open(root *os.Root, name string, use func(*reader) error) error {
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no file")
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := newReader(f, info.Size())
	if err != nil {
		return err
	}
	return use(r)
}

// Find is the build that a user names: by its ID, its name or how one of these begins,
// its run or its label.
func Find(dir, series, name string) (*Header, error) {
	all, _, err := headers(dir, series)
	if err != nil {
		return nil, err
	}
	exact := func(h *Header) bool { return slices.Contains([]string{h.ID, h.Build, h.Run, h.Label}, name) }
	begun := func(h *Header) bool {
		return len(name) >= 6 && (strings.HasPrefix(h.ID, name) || strings.HasPrefix(h.Build, name))
	}
	for _, fits := range []func(*Header) bool{exact, begun} {
		var found []*Header
		for _, h := range all {
			if fits(h) {
				found = append(found, h)
			}
		}
		if len(found) > 1 {
			slices.SortFunc(found, func(a, b *Header) int { return cmp.Compare(a.ID, b.ID) })
			return nil, fmt.Errorf("build %s: %d builds are called so, as %s and %s: name the ID of one", results.Quote(name), len(found), found[0].ID, found[1].ID)
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return nil, fmt.Errorf("build %s: series %s has none of that name: `ipcbench history show --series %[2]s --format json` lists all", results.Quote(name), series)
}
