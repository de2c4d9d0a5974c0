package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ipcbench/internal/need"
)

const envBare = "IPCBENCH_TEST_BARE"

func TestMain(m *testing.M) {
	if root := os.Getenv(envBare); root != "" {
		fmt.Fprintln(os.Stderr, bare(root, os.Args[1:]))
		os.Exit(refused)
	}
	os.Exit(m.Run())
}

// clone makes a repository of one commit, of the sources as they are here. Equal
// sources give equal commits.
func clone(t *testing.T, name string) string {
	t.Helper()
	list := exec.Command("git", "-C", "../..", "ls-files", "-z", "-co", "--exclude-standard")
	var why strings.Builder
	list.Stderr = &why
	out, err := list.Output()
	if err != nil {
		t.Skipf("a release is made of a git repository: git ls-files: %v: %s", err, why.String())
	}
	dir := filepath.Join(t.TempDir(), name)
	for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		from := filepath.Join("../..", path)
		text, err := os.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) { // removed, and not yet committed
			continue
		}
		info, err2 := os.Stat(from)
		if err = errors.Join(err, err2, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755)); err == nil {
			err = os.WriteFile(filepath.Join(dir, path), text, info.Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "all"}} {
		c := exec.Command("git", append([]string{"-C", dir}, args...)...)
		c.Env = append(os.Environ(), "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
	}
	return dir
}

// makes runs make in a repository, in an environment of its own, and returns what it printed.
func makes(t *testing.T, dir, how string, env ...string) string {
	t.Helper()
	c := exec.Command("sh", "-c", how)
	c.Dir = dir
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", how, err, out)
	}
	return string(out)
}

// files are all files below dir, by name.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = os.ReadFile(filepath.Join(dir, path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A release of the same commit has the same bytes, in whatever place and under
// whatever umask and time zone it is made; its list is that of `make install`; its
// program runs where there is nothing else.
func TestRelease(t *testing.T) {
	if !need.Long() {
		t.Skip("80 s of CPU time: make test-long plays it, and CI")
	}
	one, two := clone(t, "one"), clone(t, "another, deeper/two")
	first := makes(t, one, "umask 022; exec make dist ARCHES="+runtime.GOARCH, "TZ=Pacific/Auckland")
	makes(t, two, "umask 077; exec make dist ARCHES="+runtime.GOARCH, "TZ=America/Anchorage", "LC_ALL=C", "GOARCH=riscv64", "GOFLAGS=-tags=irrelevant")
	made := files(t, filepath.Join(one, "dist"))
	if !maps.EqualFunc(made, files(t, filepath.Join(two, "dist")), bytes.Equal) {
		t.Errorf("the second release differs: %q and %q", slices.Sorted(maps.Keys(made)), slices.Sorted(maps.Keys(files(t, filepath.Join(two, "dist")))))
	}
	var tarball, deb string
	for name, data := range made {
		switch {
		case strings.HasSuffix(name, "-linux-"+runtime.GOARCH+".tar.gz"):
			tarball = name
		case strings.HasSuffix(name, "_"+debianArch(runtime.GOARCH)+".deb"):
			deb = name
		default:
			continue
		}
		if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name); !strings.Contains(string(made["SHA256SUMS"]), line) {
			t.Errorf("SHA256SUMS lacks %q:\n%s", line, made["SHA256SUMS"])
		}
	}
	if tarball == "" || len(made) != 2+strings.Count(deb, ".deb") || strings.Contains(tarball, "dirty") {
		t.Fatalf("made %q", slices.Sorted(maps.Keys(made)))
	}
	base := strings.TrimSuffix(tarball, ".tar.gz")
	inside := unpack(t, made[tarball], base)
	if err := errors.Join(os.MkdirAll(filepath.Join(one, "bin"), 0o755), os.WriteFile(filepath.Join(one, "bin/ipcbench"), inside["bin/ipcbench"], 0o755)); err != nil {
		t.Fatal(err)
	}
	makes(t, one, "exec make install SOURCES= DESTDIR=installed PREFIX=/usr")
	installed := files(t, filepath.Join(one, "installed/usr"))
	if got, want := slices.Sorted(maps.Keys(inside)), slices.Sorted(maps.Keys(installed)); !slices.Equal(got, want) {
		t.Errorf("the archive has\n%q\nmake install\n%q", got, want)
	}
	for name, data := range installed {
		if name != "bin/ipcbench" && !bytes.Equal(data, inside[name]) {
			t.Errorf("%s of make install differs from the archive's", name)
		}
	}
	if page := string(inside["share/man/man1/ipcbench.1"]); !strings.Contains(page, "Nov 2023") {
		t.Errorf("a page is not of the commit's month: %.120s", page)
	}
	program := filepath.Join(t.TempDir(), "ipcbench")
	if err := os.WriteFile(program, inside["bin/ipcbench"], 0o755); err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range info.Deps {
		if !strings.Contains(string(inside["share/doc/ipcbench/copyright"]), "  "+m.Path+" "+m.Version+"\n") || !strings.Contains(string(inside[thirdParty]), m.Path+" "+m.Version+", ") {
			t.Errorf("%s is linked, and no licence of it is in the archive", m.Path)
		}
	}
	t.Run("Debian", func(t *testing.T) { inDebian(t, deb, filepath.Join(one, "dist"), inside, first) })
	t.Run("BareRoot", func(t *testing.T) { inBareRoot(t, program) })
}

// unpack reads an archive, and holds its entries to what makes it reproducible.
func unpack(t *testing.T, data []byte, base string) map[string][]byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if z.Name != "" || !z.ModTime.IsZero() {
		t.Errorf("gzip names %q, %v", z.Name, z.ModTime)
	}
	all := map[string][]byte{}
	var dirs, names []string
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		want := map[byte]int64{tar.TypeDir: 0o755, tar.TypeReg: 0o644}[h.Typeflag]
		name, in := strings.CutPrefix(h.Name, base+"/")
		if name == "bin/ipcbench" {
			want = 0o755
		}
		if !in || h.Mode != want || h.Uid+h.Gid != 0 || h.Uname+h.Gname != "" || h.ModTime.Unix() != 1700000000 {
			t.Errorf("%+v", h)
		}
		if h.Typeflag == tar.TypeDir {
			dirs = append(dirs, h.Name)
			continue
		}
		names = append(names, name)
		if all[name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.IsSorted(names) || !slices.IsSorted(dirs) {
		t.Errorf("not sorted: %q, %q", dirs, names)
	}
	return all
}

// inDebian holds a package to Debian's rules: lintian's that such a package can break.
func inDebian(t *testing.T, deb, dir string, archived map[string][]byte, printed string) {
	if deb == "" {
		if want := "dist: no Debian packages: dpkg-deb is missing; on Debian: apt-get install dpkg\n"; !strings.Contains(printed, want) {
			t.Errorf("%q, want %q", printed, want)
		}
		need.Missing(t, "dpkg-deb", "dpkg-deb is missing; on Debian: apt-get install dpkg")
	}
	root := filepath.Join(t.TempDir(), "root")
	if out, err := exec.Command("dpkg-deb", "--raw-extract", filepath.Join(dir, deb), root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	list, err := exec.Command("dpkg-deb", "--contents", filepath.Join(dir, deb)).Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line)
		if f[1] != "root/root" || f[0] != "drwxr-xr-x" && f[0] != "-rw-r--r--" && (f[0] != "-rwxr-xr-x" || f[5] != "./usr/bin/ipcbench") || f[3] != "2023-11-14" {
			t.Errorf("%s", line)
		}
	}
	has := files(t, root)
	for _, name := range []string{"usr/bin/ipcbench", "usr/share/man/man1/ipcbench.1.gz", "usr/share/doc/ipcbench/copyright", "usr/share/doc/ipcbench/changelog.gz",
		"usr/share/bash-completion/completions/ipcbench", "usr/share/zsh/vendor-completions/_ipcbench", "usr/share/fish/vendor_completions.d/ipcbench.fish"} {
		if len(has[name]) == 0 {
			t.Errorf("%s is missing", name)
		}
	}
	if len(has) != len(archived)+3 { // control, md5sums, changelog
		t.Errorf("the package has %d files, the archive %d", len(has), len(archived))
	}
	for name := range has {
		if strings.HasPrefix(name, "usr/share/man/") && !strings.HasSuffix(name, ".gz") {
			t.Errorf("%s is not compressed", name)
		}
		if sum := fmt.Sprintf("%s\n", name); !strings.HasPrefix(name, "DEBIAN/") && !strings.Contains(string(has["DEBIAN/md5sums"]), "  "+sum) {
			t.Errorf("md5sums lacks %s", name)
		}
	}
	control := string(has["DEBIAN/control"])
	for _, want := range []string{"Package: ipcbench\n", "\nArchitecture: " + debianArch(runtime.GOARCH) + "\n", "\nMaintainer: ", "\nDescription: measure "} {
		if !strings.Contains("\n"+control, want) {
			t.Errorf("no %q in\n%s", want, control)
		}
	}
	if strings.Contains(control, "Depends") {
		t.Errorf("a static program depends on nothing:\n%s", control)
	}
}

// refused is the exit status of a helper that may not make a bare root.
const refused = 125

// bare executes /ipcbench in root, which has nothing else but /proc. It returns
// where that is refused.
func bare(root string, args []string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if _, err := os.Stat(root + "/proc"); err == nil {
		if err := syscall.Mount("proc", root+"/proc", "proc", 0, ""); err != nil {
			return fmt.Errorf("mount /proc: %w", err)
		}
	}
	if err := errors.Join(syscall.Chroot(root), os.Chdir("/")); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	return syscall.Exec("/ipcbench", append([]string{"ipcbench"}, args...), nil)
}

// inBareRoot runs the program in a root directory without /dev, /sys, /tmp, users,
// and a home. What it lacks there is said in one line.
func inBareRoot(t *testing.T, program string) {
	for _, c := range []struct {
		args   string
		proc   bool
		status []int
		prints string
	}{
		{"--version", true, []int{0}, runtime.Version() + ", linux/" + runtime.GOARCH},
		{"list", true, []int{0}, "shmfutex"},
		{"doctor", true, []int{0}, "could not find out"},
		// A busy machine leaves launches untrusted: 5.
		{"run --workload pingpong --mech pipe,fifo,shmfutex,sysvmsg,unixsock --size 64 --place free --launches 1", true, []int{0, 5}, "results/runs/"},
		{"run --workload pingpong --mech shmfutex --memory shm --size 64 --place free --launches 1", true, []int{4}, "memory shm: /dev/shm is not there: mount a tmpfs there"},
		{"run --workload pingpong --mech pipe --size 64 --place same,cross --launches 1", true, []int{0, 5}, "mount /sys"},
		{"clean", true, []int{0}, "nothing left behind"},
		{"run --mech pipe --size 64 --launches 1", false, []int{3}, "/proc is not mounted"},
		{"semantics --mech pipe", false, []int{3}, "/proc/self/exe: no such file or directory: mount /proc"},
	} {
		root := t.TempDir()
		if err := os.Chmod(root, 0o755); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(program)
		if err == nil {
			err = os.WriteFile(root+"/ipcbench", data, 0o755)
		}
		if err == nil && c.proc {
			err = os.Mkdir(root+"/proc", 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		self := exec.Command("/proc/self/exe", strings.Fields(c.args)...)
		self.Env = append(os.Environ(), envBare+"="+root)
		self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC, Pdeathsig: syscall.SIGKILL}
		if os.Geteuid() != 0 {
			self.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			self.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
			self.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
		}
		out, err := self.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) || self.ProcessState.ExitCode() == refused {
			t.Skipf("no root directory of its own: %v: %s", err, out)
		}
		if !slices.Contains(c.status, self.ProcessState.ExitCode()) || !strings.Contains(string(out), c.prints) {
			t.Errorf("%s: %v, want status %v and %q:\n%s", c.args, self.ProcessState, c.status, c.prints, out)
		}
		left := slices.DeleteFunc(slices.Sorted(maps.Keys(files(t, root))), func(name string) bool {
			return name == "ipcbench" || strings.HasPrefix(name, "results/") || strings.HasPrefix(name, "proc/")
		})
		if len(left) > 0 {
			t.Errorf("%s: left behind: %q", c.args, left)
		}
	}
}

// Versions of Debian sort as Go's do, and have no revision.
func TestDebianVersion(t *testing.T) {
	for v, want := range map[string]string{
		"1.2.3": "1.2.3", "1.2.3-rc.1": "1.2.3~rc.1", "1.2.4-0.20261130040039-185056dbd05c": "1.2.4~0.20261130040039.185056dbd05c",
		"0.0.0-20261130040039-185056dbd05c+dirty": "0.0.0~20261130040039.185056dbd05c+dirty",
	} {
		if got := debianVersion(v); got != want {
			t.Errorf("%s: %s, want %s", v, got, want)
		}
	}
}

// SOURCE_DATE_EPOCH comes before the commit's date.
func TestDescribe(t *testing.T) {
	info := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3+dirty"}, Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "2026-11-30T04:00:39Z"}, {Key: "vcs.revision", Value: "185056"}}}
	for epoch, want := range map[string]int64{"": time.Date(2026, 11, 30, 4, 0, 39, 0, time.UTC).Unix(), "12": 12} {
		p, err := describe("x", info, epoch)
		if err != nil || p.epoch.Unix() != want || p.version != "1.2.3+dirty" || p.commit != "185056" {
			t.Errorf("%q: %+v, %v", epoch, p, err)
		}
	}
	for _, epoch := range []string{"yesterday", "-1"} {
		if _, err := describe("x", info, epoch); err == nil || !strings.Contains(err.Error(), "want seconds since 1970") {
			t.Errorf("%q: %v", epoch, err)
		}
	}
}

// A module without a licence is refused, and so is an embedded file without one.
func TestWithoutLicence(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go/LICENSE": "g", "bare/x/x.go": "", "good/COPYING": "c", "good/x/NOTICE.txt": "n", "good/x/licence.go": "", "good/THIRD_PARTY_LICENSES/A": "a", "good/other/LICENSE": "o",
		"main/thirdparty/d3.min.js": "", "main/thirdparty/d3.LICENSE": "d", "main/thirdparty/within.LICENSE": "w", "main/thirdparty/plot.min.js": "",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string, main bool, embeds ...string) linked {
		p := linked{ImportPath: name, Dir: filepath.Join(dir, name, "x"), EmbedFiles: embeds}
		p.Module = &struct {
			Path, Version, Dir string
			Main               bool
			Replace            *struct{ Path, Version, Dir string }
		}{Path: name, Version: "v1", Dir: filepath.Join(dir, name), Main: main}
		if main {
			p.Dir = p.Module.Dir
		}
		return p
	}
	found, err := notices([]linked{in("good", false), in("main", true, "thirdparty/d3.min.js", "own.js"), {Standard: true}}, filepath.Join(dir, "go"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range found {
		for _, name := range slices.Sorted(maps.Keys(n.texts)) {
			got = append(got, n.work+"/"+name+"="+string(n.texts[name]))
		}
	}
	want := []string{"Go's library/LICENSE=g", "embedded files of main/thirdparty/d3.LICENSE=d", "embedded files of main/thirdparty/within.LICENSE=w",
		"good v1/COPYING=c", "good v1/THIRD_PARTY_LICENSES/A=a", "good v1/x/NOTICE.txt=n"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	for want, p := range map[string]linked{"bare v1 has no file with a licence": in("bare", false), "thirdparty/plot.min.js is embedded without a licence": in("main", true, "thirdparty/plot.min.js")} {
		if _, err := notices([]linked{p}, filepath.Join(dir, "go")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// Without dpkg-deb the message names Debian's package.
func TestWithoutDpkgDeb(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := findDpkgDeb(); err == nil || !strings.Contains(err.Error(), "apt-get install dpkg") {
		t.Error(err)
	}
}
