package objects

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// sharedMemory is where POSIX shared memory and named semaphores have their names,
// shm_overview(7), sem_overview(7).
const sharedMemory = "/dev/shm"

// MakeLaunchDir makes the directory of a launch in a private one. Its name is random,
// 60 bits. An object in POSIX shared memory with the same name in its own is therefore
// of that launch: RemoveLaunchDir removes it.
func MakeLaunchDir(private string) (string, error) {
	dir := filepath.Join(private, "external-"+rand.Text()[:12])
	return dir, os.Mkdir(dir, 0o700)
}

var launchName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^external-[A-Z2-7]{12}$`) })

// RemoveLaunchDir removes the directory of a launch, and what is named after it.
func RemoveLaunchDir(dir string) error {
	var errs []error
	for _, path := range namedAfter(filepath.Base(dir)) {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, os.RemoveAll(dir))...)
}

// removePrivateDir removes a private directory, those of its launches and what is named
// after them.
func removePrivateDir(dir string) error {
	var errs []error
	for _, launch := range launches(dir) {
		errs = append(errs, RemoveLaunchDir(launch))
	}
	return errors.Join(append(errs, os.RemoveAll(dir))...)
}

// launches are the directories of launches in a private one.
func launches(dir string) (paths []string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() && launchName().MatchString(e.Name()) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths
}

// namedAfter are this user's objects in POSIX shared memory that have the name of a
// launch in theirs.
func namedAfter(launch string) (paths []string) {
	if !launchName().MatchString(launch) {
		return nil
	}
	entries, _ := os.ReadDir(sharedMemory)
	for _, e := range entries {
		var st unix.Stat_t
		path := filepath.Join(sharedMemory, e.Name())
		if strings.Contains(e.Name(), launch) && unix.Lstat(path, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && int(st.Uid) == sys.EUID() {
			paths = append(paths, path)
		}
	}
	return paths
}
