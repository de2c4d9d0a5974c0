package host

import (
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
