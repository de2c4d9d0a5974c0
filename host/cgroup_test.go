package host

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
)

func TestUpwards(t *testing.T) {
	for _, c := range []struct {
		mount, root, name string
		want              []string
	}{
		{"/cg", "/", "/", []string{"/cg"}},
		{"/cg", "/", "/a/b", []string{"/cg/a/b", "/cg/a", "/cg"}},
		{"/cg", "/a", "/a/b", []string{"/cg/b", "/cg"}},
		{"/cg", "/a", "/a", []string{"/cg"}},
		{"/cg", "/a", "/ab", []string{"/cg"}},
		{"/cg", "/", "/../other", []string{"/cg"}},
		{"/", "/", "/a", []string{"/a", "/"}},
	} {
		if got := upwards(c.mount, c.root, c.name); !slices.Equal(got, c.want) {
			t.Errorf("upwards(%q, %q, %q) = %q, want %q", c.mount, c.root, c.name, got, c.want)
		}
	}
}

// The controllers of version 1 are where the limits are, even if version 2 is
// mounted beside it.
func TestCgroupVersion(t *testing.T) {
	for machineName, wantV2 := range map[string]bool{"container-v1": false, "container-v2": true} {
		g := tree{machine(t, machineName)}.cgroup("cpu")
		if g.v2 != wantV2 || len(g.dirs) == 0 {
			t.Errorf("%s: %+v, want v2 = %v and a directory", machineName, g, wantV2)
		}
	}
}

func TestCgroupLimitsUnreadable(t *testing.T) {
	root := fstest.MapFS{"proc/self/cgroup": {Data: []byte("0::/a\n")}} // and no mount of it
	if got := (tree{root}).cgroupLimits(); got != "" {
		t.Errorf("limits of a hierarchy that is not mounted = %q, want none", got)
	}
}

// A process that was killed has run out of memory where the cgroup's count of such
// deaths has risen.
func TestOutOfMemory(t *testing.T) {
	v2 := func(kills string) fstest.MapFS {
		return fstest.MapFS{
			"proc/self/cgroup":     {Data: []byte("0::/box\n")},
			"proc/self/mountinfo":  {Data: []byte("30 24 0:26 / /cg rw - cgroup2 cgroup rw\n")},
			"cg/memory.max":        {Data: []byte("1073741824\n")},
			"cg/box/memory.max":    {Data: []byte("48000000\n")},
			"cg/box/memory.events": {Data: []byte("low 0\nhigh 0\nmax 7\noom 3\noom_kill " + kills + "\noom_group_kill 0\n")},
			"cg/memory.events":     {Data: []byte("oom_kill 99\n")},
		}
	}
	v1 := fstest.MapFS{
		"proc/self/cgroup":             {Data: []byte("4:memory:/box\n")},
		"proc/self/mountinfo":          {Data: []byte("30 24 0:26 / /cg rw - cgroup cgroup rw,memory\n")},
		"cg/box/memory.limit_in_bytes": {Data: []byte("48000000\n")},
		"cg/box/memory.oom_control":    {Data: []byte("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")},
	}
	for _, c := range []struct {
		before, after fs.FS
		want          string
	}{
		{v2("0"), v2("1"), "out of memory: memory.max 46875KiB (oom_kill count 1, and 0 before)"},
		{v2("1"), v2("1"), ""},
		{fstest.MapFS{}, v1, "out of memory: memory.limit_in_bytes 46875KiB (oom_kill count 2, and 0 before)"},
		{v1, v1, ""},
		{fstest.MapFS{}, fstest.MapFS{}, ""},
	} {
		if got := ReadOOM(c.after).Killed(ReadOOM(c.before)); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
