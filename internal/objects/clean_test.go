package objects

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// dead is a journal with these entries whose writer has gone.
func dead(t *testing.T, entries ...entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.journal")
	j, err := Create(path)
	for _, e := range entries {
		if err == nil {
			err = j.write(e)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	j.f.Close()
	return path
}

// A journal of which nothing can be left is finished, with the reason where it is
// not that all was removed. It needs no --force, and is not listed again.
func TestCleanFinishes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	name := prefix + strings.Repeat("A", 26)
	closed := filepath.Join(t.TempDir(), "closed")
	makeDir(t, closed, 0)
	const never = "it was never made, or has been removed"
	cases := map[string]struct {
		entries []entry
		why     string
	}{
		"no entry":                  {nil, ""},
		"directory never made":      {[]entry{{Dir: filepath.Join(t.TempDir(), name)}}, never},
		"parent gone":               {[]entry{{Dir: filepath.Join(t.TempDir(), "gone", name)}}, never},
		"parent is a file":          {[]entry{{Dir: filepath.Join(file, name)}}, never},
		"parent has too long names": {[]entry{{Dir: filepath.Join(strings.Repeat("/x", 3000), name)}}, never},
		"queue never made":          {[]entry{{Queue: name}}, ""},
		"namespace gone": {[]entry{{Made: &mechanisms.Object{Kind: mechanisms.KindMsg, ID: 3, Namespace: "ipc:[1]", UID: os.Geteuid()}}},
			"no process or mount here is in its namespace ipc:[1]"},
	}
	if os.Geteuid() != 0 { // root may look into each
		cases["parent can't be searched"] = struct {
			entries []entry
			why     string
		}{[]entry{{Dir: filepath.Join(closed, name)}}, "nothing was made in it"}
	}
	for name, tt := range cases {
		for _, remove := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, remove %v", name, remove), func(t *testing.T) {
				path := dead(t, tt.entries...)
				left, err := Clean(path, remove)
				if err != nil || exists(path) {
					t.Errorf("%v; the journal is there: %v", err, exists(path))
				}
				switch {
				case tt.why == "" && len(left) == 0:
				case len(left) == 1 && left[0].State == "gone" && tt.why != "" && strings.Contains(left[0].Why.Error(), tt.why):
				default:
					t.Errorf("%v, want %q", left, tt.why)
				}
			})
		}
	}
}

// What is in another namespace that lives stays, with the way to it.
func TestCleanNamesTheNamespace(t *testing.T) {
	c := exec.Command("cat")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWIPC}
	in, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Skipf("IPC namespaces are refused here, unshare(2): %v", err)
	}
	defer c.Wait()
	defer in.Close()
	link := fmt.Sprintf("/proc/%d/ns/ipc", c.Process.Pid)
	ns, err := os.Readlink(link)
	if err != nil {
		t.Fatal(err)
	}
	for ns, want := range map[string]string{ns: "nsenter --ipc=" + link, initialIPC: "ipcbench clean --force"} {
		if ns == mechanisms.IPCNamespace() {
			continue
		}
		path := dead(t, entry{Made: &mechanisms.Object{Kind: mechanisms.KindMsg, ID: 3, Namespace: ns, UID: os.Geteuid()}})
		left, err := Clean(path, true)
		if err != nil || len(left) != 1 || left[0].State != "kept" || !strings.Contains(left[0].Why.Error(), want) || !exists(path) {
			t.Errorf("%v, %v, journal: %v; want it kept for %q", left, err, exists(path), want)
		}
	}
}

// A process may be killed at each byte of its journal: what the journal then lists
// is found, and nothing else.
func TestCleanAtEveryCut(t *testing.T) {
	a := abandon(t)
	whole, err := os.ReadFile(a.path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		if err := os.WriteFile(a.path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		left, err := Clean(a.path, false)
		// The first line has the boot. A line is whole without its newline too.
		lines, end := 0, -1
		for line := range strings.Lines(string(whole)) {
			if end += len(line); n >= end {
				lines++
			}
		}
		if want := max(0, lines-1); err != nil || len(left) != want || want == 0 && exists(a.path) {
			t.Fatalf("after %d bytes: %v, %v; want %d objects; journal: %v", n, left, err, want, exists(a.path))
		}
	}
	if n := a.count(t); n != len(a.objects) {
		t.Errorf("%d of %d objects are there", n, len(a.objects))
	}
}

// A clean that runs beside a command takes no journal that is just being made for
// one that was left.
func TestCreateWhileCleaned(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	NewPath() // makes the directory
	stop, done := make(chan bool), make(chan error)
	go func() {
		var errs []error
		for {
			select {
			case <-stop:
				done <- errors.Join(errs...)
				return
			default:
			}
			paths, err := Journals()
			errs = append(errs, err)
			for _, path := range paths {
				if _, err := Clean(path, true); !errors.Is(err, ErrInUse) {
					errs = append(errs, err)
				}
			}
		}
	}()
	for range 300 {
		j, err := Create(NewPath())
		if err != nil {
			t.Error(err)
			break
		}
		if _, err := os.Stat(j.f.Name()); err != nil {
			t.Errorf("a clean has removed the journal of a process that lives: %v", err)
			break
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What is no journal is refused with what to do, and without waiting.
func TestCleanRefusesFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.journal")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if left, err := Clean(path, true); err == nil || !strings.Contains(err.Error(), "no regular file: remove it yourself") || len(left) != 0 || !exists(path) {
		t.Errorf("%v, %v", left, err)
	}
}

// What could not be removed is an error, and stays in the journal.
func TestCleanFailsToRemove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "full")
	makeDir(t, path, 0o700)
	if err := os.WriteFile(filepath.Join(path, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := mechanisms.PathObject(path) // a directory is removed only where it is empty
	if err != nil {
		t.Fatal(err)
	}
	journal := dead(t, entry{Made: &o})
	if left, err := Clean(journal, true); !errors.Is(err, unix.ENOTEMPTY) || len(left) != 0 || !exists(journal) {
		t.Errorf("%v, %v; journal: %v", left, err, exists(journal))
	}
}

// A full disk tears a line: the next one is whole all the same. A journal that can't
// be begun leaves no file.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	ran := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread has left the mount namespace of the others
		err := os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_NEWNS))
		if err == nil {
			err = errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("none", dir, "tmpfs", 0, "size=8k"))
		}
		if err == nil {
			fullDisk(t, dir)
		}
		ran <- err
	}()
	if err := <-ran; errors.Is(err, unix.EPERM) {
		t.Skipf("only root may mount a small file system: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
}

func fullDisk(t *testing.T, dir string) {
	j, err := Create(filepath.Join(dir, "x.journal"))
	if err != nil {
		t.Error(err)
		return
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 4096), 0o600); err != nil {
		t.Error(err)
	}
	for err == nil {
		_, err = j.NameQueue()
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Error(err)
	}
	if _, err := Create(filepath.Join(dir, "y.journal")); !errors.Is(err, unix.ENOSPC) || exists(filepath.Join(dir, "y.journal")) {
		t.Errorf("%v; a file is left: %v", err, exists(filepath.Join(dir, "y.journal")))
	}
	if err := os.Remove(ballast); err != nil {
		t.Error(err)
	}
	made, err := j.MakeDir(dir)
	if err != nil {
		t.Error(err)
	}
	j.f.Close()
	if left, err := Clean(j.f.Name(), true); err != nil || !slices.Equal(states(left), []string{"removed"}) || exists(made) {
		t.Errorf("%v, %v; directory: %v", left, err, exists(made))
	}
}

// Where the state directory can't be used, the journal is among temporary files,
// and found there.
func TestPlaceOfJournals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string][2]string{"home is a file": {file, ""}, "state is a file": {"", file}}
	if os.Geteuid() != 0 { // root may write there
		cases["no home"] = [2]string{}
		cases["a closed home"] = [2]string{makeDir(t, filepath.Join(t.TempDir(), "home"), 0o500), ""}
	}
	for name, dirs := range cases {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", dirs[0])
			t.Setenv("XDG_STATE_HOME", dirs[1])
			t.Setenv("TMPDIR", t.TempDir())
			j, err := Create(NewPath())
			if err != nil {
				t.Fatal(err)
			}
			j.f.Close()
			if found, err := Journals(); filepath.Dir(j.f.Name()) != os.TempDir() || !slices.Equal(found, []string{j.f.Name()}) || err != nil {
				t.Errorf("%s; found are %v, %v", j.f.Name(), found, err)
			}
		})
	}
}

// A journal in the directory that all users share is no concern of another user,
// and one in a state directory whose name looks like a pattern is found.
func TestJournals(t *testing.T) {
	state := filepath.Join(t.TempDir(), "[a]*")
	t.Setenv("XDG_STATE_HOME", state)
	t.Setenv("TMPDIR", t.TempDir())
	ours := NewPath()
	theirs := filepath.Join(os.TempDir(), prefix+"x"+suffix)
	for _, path := range []string{ours, theirs, filepath.Join(os.TempDir(), "x"+suffix)} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := Journals(); !slices.Equal(found, []string{ours, theirs}) || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if os.Chown(theirs, 12345, -1) != nil {
		return // only root can give a file away
	}
	if found, err := Journals(); !slices.Equal(found, []string{ours}) || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

// A directory is private and found again whatever the umask and however its
// parent was named.
func TestMakeDir(t *testing.T) {
	t.Chdir(t.TempDir())
	path := filepath.Join(t.TempDir(), "x.journal")
	defer unix.Umask(unix.Umask(0o777))
	j, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := j.MakeDir(".")
	info, e := os.Stat(dir)
	if err := errors.Join(err, e); err != nil || info.Mode().Perm() != 0o700 || !filepath.IsAbs(dir) {
		t.Fatalf("%s: %v, %v", dir, info, err)
	}
	j.f.Close()
	t.Chdir("/")
	if left, err := Clean(path, true); err != nil || len(left) != 1 || exists(dir) {
		t.Errorf("%v, %v; directory: %v", left, err, exists(dir))
	}
}

// A directory that could not be made is not looked for in the end.
func TestMakeDirFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.journal")
	j, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.MakeDir(path); !errors.Is(err, unix.ENOTDIR) {
		t.Error(err)
	}
	if err := j.Close(); err != nil || exists(path) {
		t.Errorf("%v; journal: %v", err, exists(path))
	}
}

// Many entries, and many files in the directory, take their time once each.
func TestCleanMany(t *testing.T) {
	const many = 10_000
	path := filepath.Join(t.TempDir(), "x.journal")
	j, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := j.MakeDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i := range many {
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := mechanisms.PathObject(name)
		if err == nil {
			err = j.write(entry{Made: &o})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	j.f.Close()
	if left, err := Clean(path, true); err != nil || len(left) != many+1 || exists(dir) || exists(path) {
		t.Errorf("%d objects, %v; directory: %v, journal: %v", len(left), err, exists(dir), exists(path))
	}
}
