package objects

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// object makes one in POSIX shared memory.
func object(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(sharedMemory, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		t.Skipf("no object in POSIX shared memory: %v", err)
	}
	f.Close()
	t.Cleanup(func() { os.Remove(path) })
	return path
}

// What is named after a launch goes with its directory: when the launch ends, when its
// session ends, and when a journal is cleaned after all were killed. Objects of another
// launch stay, and so do directories and links.
func TestNamedAfterLaunch(t *testing.T) {
	for how, remove := range map[string]func(t *testing.T, j *Journal, dir string) error{
		"launch":  func(_ *testing.T, _ *Journal, dir string) error { return RemoveLaunchDir(dir) },
		"session": func(_ *testing.T, j *Journal, _ string) error { return j.Close() },
		"keeper": func(_ *testing.T, j *Journal, _ string) error {
			j.f.Close() // as kill -9 does
			return Keep(j.f.Name())
		},
		"clean": func(t *testing.T, j *Journal, dir string) error {
			j.f.Close()
			listed, err := Clean(j.f.Name(), false)
			if err != nil {
				return err
			}
			named := func(r Remnant) bool {
				return r.Path == filepath.Join(sharedMemory, filepath.Base(dir)) && r.State == "left"
			}
			if !slices.ContainsFunc(listed, named) {
				t.Errorf("clean lists %v", listed)
			}
			_, err = Clean(j.f.Name(), true)
			return err
		},
	} {
		t.Run(how, func(t *testing.T) {
			j, err := Create(filepath.Join(t.TempDir(), "x.journal"))
			if err != nil {
				t.Fatal(err)
			}
			private, err := j.MakeDir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			dir, err := MakeLaunchDir(private)
			if err != nil {
				t.Fatal(err)
			}
			other, err := MakeLaunchDir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(dir)
			ours := []string{object(t, name), object(t, "sem."+name+"-link0"), object(t, name+"-link1")}
			link := filepath.Join(sharedMemory, "link-"+name)
			if err := os.Symlink("/", link); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(link)
			theirs := []string{object(t, filepath.Base(other)+"-link0"), link}
			if err := remove(t, j, dir); err != nil {
				t.Error(err)
			}
			for _, path := range append(ours, dir) {
				if exists(path) {
					t.Errorf("%s is left", path)
				}
			}
			for _, path := range append(theirs, other) {
				if !exists(path) {
					t.Errorf("%s is gone, and is not of this launch", path)
				}
			}
		})
	}
}

// A directory that MakeLaunchDir has not made has no objects.
func TestNamedAfterOther(t *testing.T) {
	path := object(t, "external-other")
	dir := filepath.Join(t.TempDir(), "external-")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := RemoveLaunchDir(dir); err != nil || !exists(path) || exists(dir) {
		t.Errorf("%v: object %v, directory %v", err, exists(path), exists(dir))
	}
}
