package host

import (
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"
)

// A setting of the machine that changes while a run measures is named, with both
// values.
func TestSettingsChanged(t *testing.T) {
	tree := fstest.MapFS{
		"sys/devices/system/cpu/online":                        {Data: []byte("0-1\n")},
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": {Data: []byte("performance\n")},
		"sys/devices/system/cpu/cpufreq/boost":                 {Data: []byte("0\n")},
		"proc/self/cgroup":                                     {Data: []byte("0::/a\n")},
		"proc/self/mountinfo":                                  {Data: []byte("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")},
		"sys/fs/cgroup/a/cpu.max":                              {Data: []byte("max 100000\n")},
		"sys/fs/cgroup/a/memory.max":                           {Data: []byte("max\n")},
	}
	cpus := []CPU{{ID: 0}}
	before := ReadSettings(tree, cpus)
	if why := ReadSettings(tree, cpus).Changed(before); why != "" {
		t.Errorf("nothing has changed: %s", why)
	}
	for _, c := range []struct{ file, now, want string }{
		{"sys/devices/system/cpu/online", "0\n", "the list of CPUs online is 0, and was 0-1"},
		{"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n", "the governor is powersave, and was performance"},
		{"sys/devices/system/cpu/cpufreq/boost", "1\n", "turbo is on, and was off"},
		{"sys/fs/cgroup/a/cpu.max", "50000 100000\n", "the cgroup's limit is cpu.max 50000/100000, and was none"},
		{"sys/fs/cgroup/a/memory.max", "1048576\n", "the cgroup's limit is memory.max 1MiB, and was none"},
	} {
		after := maps.Clone(tree)
		after[c.file] = &fstest.MapFile{Data: []byte(c.now)}
		if got := ReadSettings(after, cpus).Changed(before); got != c.want {
			t.Errorf("%s: %q, want %q", c.file, got, c.want)
		}
	}
}

// counted counts how often each file is read.
type counted struct {
	fs.FS
	reads map[string]int
}

func (c counted) ReadFile(name string) ([]byte, error) {
	c.reads[name]++
	return fs.ReadFile(c.FS, name)
}

// The settings are read after every launch: no file twice for one reading, and
// each anew for the next.
func TestSettingsReadEachFileOnce(t *testing.T) {
	c := counted{machine(t, "container-v2"), map[string]int{}}
	for reading := 1; reading <= 2; reading++ {
		ReadSettings(c, nil)
		for _, name := range []string{"proc/self/mountinfo", "proc/self/cgroup"} {
			if n := c.reads[name]; n != reading {
				t.Errorf("%s was read %d times in %d readings", name, n, reading)
			}
		}
	}
}
