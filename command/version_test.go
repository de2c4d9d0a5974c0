package command

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// --version names commit, day, Go's version and platform, and says where Go
// recorded no commit, or one that does not hold all of the sources.
func TestProvenance(t *testing.T) {
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "185056dbd05c47e96c4e7b6fa90ee0afab0f6bf3"}, {Key: "vcs.time", Value: "2026-11-30T04:00:39Z"}, {Key: "vcs.modified", Value: "false"}}
	changed := append(commit[:2:2], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	platform := ", " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")"
	for want, info := range map[string]*debug.BuildInfo{
		"devel (commit not recorded":                                                   {Main: debug.Module{Version: "(devel)"}},
		"devel 185056dbd05c (commit 185056dbd05c of 2026-11-30":                        {Settings: commit},
		"v1.1.0 in example.com/mine v1.2.3 (commit 185056dbd05c of 2026-11-30":         {Main: debug.Module{Path: "example.com/mine", Version: "v1.2.3"}, Deps: []*debug.Module{{Path: "ipcbench", Version: "v1.1.0"}}, Settings: commit},
		"v1.2.3 (commit 185056dbd05c of 2026-11-30":                                    {Main: debug.Module{Version: "v1.2.3"}, Settings: commit},
		"v1.2.4-0.20261130-1850+dirty (commit 185056dbd05c of 2026-11-30 with changes": {Main: debug.Module{Version: "v1.2.4-0.20261130-1850+dirty"}, Settings: changed},
	} {
		if got := provenance(info); got != want+platform {
			t.Errorf("%q, want %q", got, want+platform)
		}
	}
}
