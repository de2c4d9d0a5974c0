package objects

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/apart"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/all"
)

// abandoned is a journal whose writer is dead: a queue, a segment with two
// semaphores, and a FIFO, all still there.
type abandoned struct {
	path    string
	dir     string
	objects []mechanisms.Object
}

func TestMain(m *testing.M) {
	apart.Enter() // a System V object of another program is none of ours
	os.Exit(m.Run())
}

func abandon(t *testing.T) *abandoned {
	t.Helper()
	a := &abandoned{path: filepath.Join(t.TempDir(), "dead.journal")}
	j, err := Create(a.path)
	if err != nil {
		t.Fatal(err)
	}
	if a.dir, err = j.MakeDir(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sysvmsg", "sysvshm", "fifo", "posixmq"} {
		m := mechanisms.Lookup(name)
		if m.Needs != nil && m.Needs() != nil {
			t.Logf("left out: %v", m.Needs())
			continue
		}
		l, err := m.New(mechanisms.Spec{Size: 64, Senders: 1, Receivers: 1, Dir: a.dir})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Destroy() })
		if err := j.Add(l.Objects...); err != nil {
			t.Fatal(err)
		}
		a.objects = append(a.objects, l.Objects...)
	}
	if len(a.objects) == 0 {
		t.Fatal("nothing to abandon")
	}
	j.f.Close() // as a kill does: the lock goes, all else stays
	return a
}

// rewrite edits the journal as text.
func (a *abandoned) rewrite(t *testing.T, edit func(string) string) {
	t.Helper()
	b, err := os.ReadFile(a.path)
	if err == nil {
		err = os.WriteFile(a.path, []byte(edit(string(b))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (a *abandoned) there(t *testing.T, o mechanisms.Object) bool {
	t.Helper()
	yes, err := o.Exists()
	if err != nil {
		t.Fatal(err)
	}
	return yes
}

func (a *abandoned) count(t *testing.T) (n int) {
	t.Helper()
	for _, o := range a.objects {
		if a.there(t, o) {
			n++
		}
	}
	return n
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func states(left []Remnant) (all []string) {
	for _, r := range left {
		state, _, _ := strings.Cut(r.State, ":")
		all = append(all, state)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestCleanDryRunRemovesNothing(t *testing.T) {
	a := abandon(t)
	left, err := Clean(a.path, false)
	if err != nil || len(left) != len(a.objects)+1 || !slices.Equal(states(left), []string{"left"}) {
		t.Errorf("%v, %v; want %d objects and a directory left", left, err, len(a.objects))
	}
	if n := a.count(t); n != len(a.objects) || !exists(a.dir) || !exists(a.path) {
		t.Errorf("%d of %d objects are there; directory: %v, journal: %v", n, len(a.objects), exists(a.dir), exists(a.path))
	}
}

func TestCleanRemovesAllThatIsOurs(t *testing.T) {
	a := abandon(t)
	// A FIFO that was made and not yet recorded goes with the directory.
	if err := unix.Mkfifo(filepath.Join(a.dir, "fifo-late"), 0o600); err != nil {
		t.Fatal(err)
	}
	left, err := Clean(a.path, true)
	if err != nil || len(left) != len(a.objects)+1 || !slices.Equal(states(left), []string{"removed"}) {
		t.Errorf("%v, %v; want %d objects and a directory removed", left, err, len(a.objects))
	}
	if n := a.count(t); n != 0 || exists(a.dir) || exists(a.path) {
		t.Errorf("%d objects are there; directory: %v, journal: %v", n, exists(a.dir), exists(a.path))
	}
	if left, err := Clean(a.path, true); len(left) != 0 || err != nil {
		t.Errorf("once more: %v, %v", left, err)
	}
}

// What the journal says was removed is not looked for again.
func TestCleanSkipsRemoved(t *testing.T) {
	a := abandon(t)
	a.rewrite(t, func(s string) string {
		for _, o := range a.objects {
			line, err := json.Marshal(entry{Removed: &o})
			if err != nil {
				t.Fatal(err)
			}
			s += string(line) + "\n"
		}
		return s
	})
	left, err := Clean(a.path, false)
	if err != nil || len(left) != 1 || left[0].Path != a.dir {
		t.Errorf("%v, %v; want the directory alone", left, err)
	}
}

// An object that is not provably the recorded one is kept, and the journal
// with it.
func TestCleanKeepsWhatIsNotOurs(t *testing.T) {
	for name, other := range map[string]func(*mechanisms.Object){
		"another time": func(o *mechanisms.Object) { o.Created--; o.Inode++ },
		"another user": func(o *mechanisms.Object) { o.UID++ },
	} {
		t.Run(name, func(t *testing.T) {
			a := abandon(t)
			var lines []string
			boot, _ := json.Marshal(entry{Boot: bootID()})
			lines = append(lines, string(boot))
			for _, o := range a.objects {
				other(&o)
				line, _ := json.Marshal(entry{Made: &o})
				lines = append(lines, string(line))
			}
			a.rewrite(t, func(string) string { return strings.Join(lines, "\n") + "\n" })
			left, err := Clean(a.path, true)
			if err != nil || len(left) != len(a.objects) || !slices.Equal(states(left), []string{"kept"}) {
				t.Errorf("%v, %v; want all kept", left, err)
			}
			if n := a.count(t); n != len(a.objects) || !exists(a.path) {
				t.Errorf("%d of %d objects are there; journal: %v", n, len(a.objects), exists(a.path))
			}
		})
	}
}

// A directory is removed with all that is in it only where its name, mode and
// owner are those that MakeDir gives.
func TestCleanKeepsOtherDirectories(t *testing.T) {
	for name, dir := range map[string]func(t *testing.T) string{
		"another name": func(t *testing.T) string {
			return makeDir(t, filepath.Join(t.TempDir(), "mine"), 0o700)
		},
		"open to others": func(t *testing.T) string {
			dir := filepath.Join(t.TempDir(), "ipcbench-"+strings.Repeat("A", 26))
			return makeDir(t, dir, 0o755)
		},
		"a symbolic link": func(t *testing.T) string {
			dir := filepath.Join(t.TempDir(), "ipcbench-"+strings.Repeat("A", 26))
			if err := os.Symlink(makeDir(t, filepath.Join(t.TempDir(), "target"), 0o700), dir); err != nil {
				t.Fatal(err)
			}
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := dir(t)
			file := filepath.Join(dir, "precious")
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "x.journal")
			j, err := Create(path)
			if err == nil {
				err = j.write(entry{Dir: dir})
			}
			if err != nil {
				t.Fatal(err)
			}
			j.f.Close()
			left, err := Clean(path, true)
			if err != nil || !slices.Equal(states(left), []string{"kept"}) || !exists(file) || !exists(path) {
				t.Errorf("%v, %v; file: %v, journal: %v; want all kept", left, err, exists(file), exists(path))
			}
		})
	}
}

func makeDir(t *testing.T, dir string, mode os.FileMode) string {
	t.Helper()
	if err := os.Mkdir(dir, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return dir
}

// System V identifiers begin anew with every boot: what has them now is not
// what the journal means.
func TestCleanAfterReboot(t *testing.T) {
	a := abandon(t)
	a.rewrite(t, func(s string) string { return strings.Replace(s, bootID(), "another-boot", 1) })
	if _, err := Clean(a.path, true); err != nil {
		t.Error(err)
	}
	for _, o := range a.objects {
		if isPath := o.Kind == mechanisms.KindPath; a.there(t, o) == isPath {
			t.Errorf("%v: exists: %v", o, !isPath)
		}
	}
}

func TestCleanInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.journal")
	j, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := j.MakeDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, remove := range []bool{false, true} {
		if left, err := Clean(path, remove); !errors.Is(err, ErrInUse) || len(left) != 0 {
			t.Errorf("%v, %v; want ErrInUse", left, err)
		}
	}
	if !exists(dir) {
		t.Error("the directory of a journal in use was removed")
	}
	if err := j.Close(); err != nil || exists(dir) || exists(path) {
		t.Errorf("close: %v; directory: %v, journal: %v", err, exists(dir), exists(path))
	}
}

// A last line that was cut short is dropped. For a broken line before others
// nothing is removed.
func TestJournalTorn(t *testing.T) {
	a := abandon(t)
	a.rewrite(t, func(s string) string { return s + `{"made":{"kind":"ms` })
	left, err := Clean(a.path, false)
	if err != nil || len(left) != len(a.objects)+1 {
		t.Errorf("torn last line: %v, %v; want %d objects", left, err, len(a.objects)+1)
	}
	a.rewrite(t, func(s string) string { return s + "\n" + `{"removed":null}` + "\n" })
	left, err = Clean(a.path, true)
	if err == nil || !strings.Contains(err.Error(), "is not a journal entry") || len(left) != 0 || a.count(t) != len(a.objects) {
		t.Errorf("torn line in the middle: %v, %v, %d objects are there", left, err, a.count(t))
	}
}

func TestCleanRefusesForeignJournal(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away, chown(2)")
	}
	a := abandon(t)
	if err := os.Chown(a.path, 12345, -1); err != nil {
		t.Fatal(err)
	}
	left, err := Clean(a.path, true)
	if err == nil || !strings.Contains(err.Error(), "belongs to user 12345") || len(left) != 0 || a.count(t) != len(a.objects) {
		t.Errorf("%v, %v, %d objects are there; want a refusal", left, err, a.count(t))
	}
}

func TestCleanRefusesSymlink(t *testing.T) {
	a := abandon(t)
	link := filepath.Join(t.TempDir(), "link.journal")
	if err := os.Symlink(a.path, link); err != nil {
		t.Fatal(err)
	}
	left, err := Clean(link, true)
	if !errors.Is(err, unix.ELOOP) || len(left) != 0 || a.count(t) != len(a.objects) {
		t.Errorf("%v, %v, %d objects are there; want ELOOP", left, err, a.count(t))
	}
}

// A process that a killed session was just starting holds the lock a little
// longer: Keep waits for it.
func TestCleanWaitsForLock(t *testing.T) {
	a := abandon(t)
	f, err := os.Open(a.path)
	if err == nil {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { f.Close() })
	if err := Keep(a.path); err != nil || a.count(t) != 0 || exists(a.path) {
		t.Errorf("%v; %d objects are there, journal: %v", err, a.count(t), exists(a.path))
	}
}

func TestCreateNeverReuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.journal")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if j, err := Create(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v, %v; want %v", j, err, os.ErrExist)
	}
}

// An object that took the place of a recorded one, with its identifier, is
// kept: System V hands out the same identifiers again.
func TestCleanKeepsSuccessor(t *testing.T) {
	id, err := sys.Msgget(unix.IPC_PRIVATE, 0o600)
	if err != nil {
		t.Skip(err)
	}
	defer sys.MsgRemove(id)
	ds, err := sys.MsgStat(id)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := os.Readlink("/proc/self/ns/ipc")
	if err != nil {
		t.Fatal(err)
	}
	o := mechanisms.Object{Kind: mechanisms.KindMsg, ID: id, Namespace: ns, UID: os.Geteuid(), Created: ds.Changed() - 60}
	path := filepath.Join(t.TempDir(), "x.journal")
	j, err := Create(path)
	if err == nil {
		err = j.Add(o)
	}
	if err != nil {
		t.Fatal(err)
	}
	j.f.Close()
	left, err := Clean(path, true)
	if err != nil || !slices.Equal(states(left), []string{"kept"}) {
		t.Errorf("%v, %v; want it kept", left, err)
	}
	if _, err := sys.MsgStat(id); err != nil {
		t.Errorf("the queue: %v", err)
	}
}

// A keeper removes what was noted when the last process that holds the journal has gone: of an object
// that changed, the later note counts, and what is not ours stays.
func TestKeep(t *testing.T) {
	for _, broken := range []bool{false, true} {
		t.Run(fmt.Sprint("broken line ", broken), func(t *testing.T) { keep(t, broken) })
	}
}

func keep(t *testing.T, broken bool) {
	path := filepath.Join(t.TempDir(), "x.journal")
	j, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	kept := make(chan error)
	go func() { kept <- Keep(path) }()
	dir, err := j.MakeDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a := abandon(t)
	var other mechanisms.Object
	for i, o := range a.objects {
		before := o
		before.Created--
		before.Inode++
		if i == 0 {
			other = o // only the wrong note
			err = j.Add(before)
		} else {
			err = j.Add(before, o)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fd, err := unix.Dup(int(j.File().Fd())) // as a process has it that inherits the file
	if err != nil {
		t.Fatal(err)
	}
	late := Inherited(os.NewFile(uintptr(fd), "notes"))
	j.File().Close()
	select {
	case err := <-kept:
		t.Fatalf("the keeper did not wait for the last process: %v", err)
	default:
	}
	if broken {
		if _, err := late.File().WriteString("{\"made\":\n"); err != nil {
			t.Fatal(err)
		}
	}
	queue, err := late.NameQueue() // never made
	if err != nil || queue == "" {
		t.Fatal(queue, err)
	}
	late.File().Close()
	if err := <-kept; broken != (err != nil && strings.Contains(err.Error(), "is not a journal entry")) || !broken && err != nil || err != nil && strings.Contains(err.Error(), queue) {
		t.Errorf("%v, want the broken line alone, or nothing", err)
	}
	if n := a.count(t); n != 1 || !a.there(t, other) || exists(dir) || exists(path) != broken {
		t.Errorf("%d objects are there, the other one: %v, directory: %v, journal: %v", n, a.there(t, other), exists(dir), exists(path))
	}
}

// Root makes nothing in the home of another user, which could not enter it.
func TestDirIsNotAnotherUsers(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "")
	home := t.TempDir()
	t.Setenv("HOME", home)
	want := filepath.Join(home, ".local", "state", "ipcbench")
	if dir, err := Dir(); dir != want {
		t.Errorf("of one's own home: %q, %v, want %q", dir, err, want)
	}
	if err := os.Chown(home, os.Geteuid()+1, -1); err != nil {
		t.Skipf("only root may give a directory away: %v", err)
	}
	if dir, err := Dir(); err == nil && (!filepath.IsAbs(dir) || strings.HasPrefix(dir, home)) {
		t.Errorf("of another user's home: %q", dir)
	}
}
