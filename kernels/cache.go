package kernels

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/results"
)

// Cache keeps what instruction-counted guests sent, a boot in a file, and profiles of
// such boots. Such a guest is deterministic: a boot that is known need not be repeated.
// A nil Cache keeps nothing.
//
// A boot is kept whole, with all its cells in their order, since a cell's count depends
// on the others: PingPong/pipe of one kernel and seed took 13,040.6 insns/op before 13
// other cells, 13,043.1 before 10 and 13,042.7 behind one. That is 0.02 %, but counts
// that are equal to the digit are a verdict.
type Cache struct {
	Dir  string       // made when the first boot is kept
	Most int64        // bytes in all; beyond, the boots that were used least recently go
	Warn func(string) // of what is damaged, and once of what can't be kept; optional

	failed sync.Once
}

// keptMost bounds a user's cache, in bytes: some 1,000 boots of 20 cells.
const keptMost = 64 << 20

// UserCache is the cache of the calling user: $XDG_CACHE_HOME/ipcbench/counts, or
// ~/.cache/ipcbench/counts.
func UserCache() (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("%w: set XDG_CACHE_HOME to an absolute path", err)
	}
	return &Cache{Dir: filepath.Join(dir, "ipcbench", "counts"), Most: keptMost}, nil
}

// identity is everything that a guest's output follows from.
type identity struct {
	QEMU    string   `json:"qemu"`    // SHA-256 of the program
	Machine []string `json:"machine"` // its arguments, with the image's SHA-256 in the place of its path
	Initrd  string   `json:"initrd"`  // SHA-256 of the root file system: this program and its job
}

// name is the file of a boot with this identity.
func (i identity) name() string {
	text, _ := json.Marshal(i) // of strings alone: it can't fail
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]) + keptSuffix
}

const (
	keptSuffix = ".boot"
	partPrefix = "new-" // of a file that is being written
	partAge    = time.Hour
)

// Kept is a boot in a Cache.
type Kept struct {
	Kernel  string    `json:"kernel"`            // release, as in "Linux 6.1.0-57-cloud-amd64"; "": the file is damaged
	Image   string    `json:"image"`             // SHA-256 of the kernel
	Options string    `json:"options,omitempty"` // of the user's, on the kernel's command line
	QEMU    string    `json:"qemu"`              // version
	Program string    `json:"program"`           // version of ipcbench
	Seed    int       `json:"seed"`              // of the boot
	Cells   []string  `json:"cells,omitempty"`   // their names
	Profile bool      `json:"profile,omitempty"` // it is a profile of the cell
	Time    time.Time `json:"time,omitzero"`     // of the boot

	Used  time.Time `json:"used"`  // last
	Bytes int64     `json:"bytes"` // of its file
	name  string
}

// keptHeader is the first line of a file: a boot and its identity, with a checksum.
// The guest's output follows.
type keptHeader struct {
	Identity identity `json:"identity"`
	Boot     Kept     `json:"boot"`
}

// decodeHeader reads the first line of a file of that name.
func decodeHeader(line []byte, name string) (h keptHeader, err error) {
	text, err := checked(line)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err == nil && h.Identity.name() != name {
		err = errors.New("it is of another boot")
	}
	return h, err
}

// get returns what a guest of this identity sent; nil where that is not known.
func (c *Cache) get(id identity) (heard *transcript, begin time.Time) {
	begin = c.read(id, func(sent []byte) (err error) {
		heard, err = decode(sent)
		return err
	})
	if begin.IsZero() {
		return nil, begin
	}
	heard.cached = true
	return heard, begin
}

// read hands what is kept of a boot of this identity to decode, and returns when that
// was; the zero time where it is not known, or damaged.
func (c *Cache) read(id identity, decode func(sent []byte) error) (begin time.Time) {
	path := filepath.Join(c.Dir, id.name())
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			c.fail(err)
		}
		return begin
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 2*maxOutput))
	header, sent, _ := bytes.Cut(text, []byte("\n"))
	var h keptHeader
	if err == nil {
		h, err = decodeHeader(append(header, '\n'), id.name())
	}
	if err == nil {
		err = decode(sent)
	}
	if err != nil {
		c.warn(fmt.Sprintf("%s is damaged and not used; this boot replaces it: %v", path, err))
		return begin
	}
	os.Chtimes(path, time.Time{}, time.Now()) // it goes last; without the right to it, it goes sooner
	return h.Boot.Time
}

// put keeps what a guest of this identity sent. It is no failure where it can't.
func (c *Cache) put(id identity, boot Kept, sent []byte) {
	header, err := encode(keptHeader{id, boot})
	if err == nil {
		err = c.write(id.name(), append(header, sent...))
	}
	if err == nil {
		_, err = c.Prune(func(all []Kept) []Kept { return overflow(all, c.Most) })
	}
	if err != nil {
		c.fail(err)
	}
}

// write makes a whole file, or none: another process may read and write it too.
func (c *Cache) write(name string, text []byte) (err error) {
	if err := privateDir(c.Dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.Dir, partPrefix)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(c.Dir, name))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// privateDir makes a directory of the calling user's, and refuses one of another's.
// Under sudo(8) HOME may be another user's, who could not write there any more.
func privateDir(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		var st unix.Stat_t
		err := unix.Stat(at, &st)
		if err == unix.ENOENT && at != filepath.Dir(at) {
			continue
		}
		switch {
		case err != nil:
			return &os.PathError{Op: "stat", Path: at, Err: err}
		case int(st.Uid) != sys.EUID() || at == dir && st.Mode&0o022 != 0:
			return fmt.Errorf("%s belongs to another user, or others may write to it: set XDG_CACHE_HOME", at)
		}
		return os.MkdirAll(dir, 0o700)
	}
}

func (c *Cache) warn(s string) {
	if c.Warn != nil {
		c.Warn(results.Quote(s))
	}
}

// fail warns once that the cache is of no use.
func (c *Cache) fail(err error) {
	c.failed.Do(func() { c.warn(fmt.Sprintf("counts are not cached: %v", err)) })
}

// List is the boots that are kept, the one that was used last first. One without a
// Kernel is a file that is damaged.
func (c *Cache) List() (all []Kept, err error) {
	files, err := os.ReadDir(c.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || strings.HasPrefix(file.Name(), partPrefix) && time.Since(info.ModTime()) < partAge {
			continue // another process has removed it, or writes it
		}
		k := c.about(file.Name())
		k.Used, k.Bytes, k.name = info.ModTime(), info.Size(), file.Name()
		all = append(all, k)
	}
	slices.SortStableFunc(all, func(a, b Kept) int { return cmp.Or(b.Used.Compare(a.Used), cmp.Compare(a.name, b.name)) })
	return all, err
}

// about is what the first line of a file says of its boot.
func (c *Cache) about(name string) Kept {
	f, err := os.OpenFile(filepath.Join(c.Dir, name), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return Kept{}
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, maxOutput)).ReadBytes('\n') // a line that is cut short fails its checksum
	h, err := decodeHeader(line, name)
	if err != nil {
		return Kept{}
	}
	return h.Boot
}

// Prune removes the boots that drop selects from those that are kept, and returns
// them.
func (c *Cache) Prune(drop func([]Kept) []Kept) (gone []Kept, err error) {
	all, err := c.List()
	if err != nil {
		return nil, err
	}
	for _, k := range drop(all) {
		if e := os.Remove(filepath.Join(c.Dir, k.name)); e == nil {
			gone = append(gone, k)
		} else if !errors.Is(e, fs.ErrNotExist) {
			err = cmp.Or(err, e)
		}
	}
	return gone, err
}

// overflow are the boots beyond so many bytes, of a list with the one that was used
// last first.
func overflow(all []Kept, most int64) []Kept {
	for i, k := range all {
		if most -= k.Bytes; most < 0 {
			return all[i:]
		}
	}
	return nil
}
