package command

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// buildInfo is what Go recorded about this program.
func buildInfo() *debug.BuildInfo {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return &debug.BuildInfo{Main: debug.Module{Version: "unknown"}}
	}
	return info
}

// module is the path of this module.
const module = "ipcbench"

// importedBy is this module where another module's program has it; nil: the program is
// of this module.
func importedBy(info *debug.BuildInfo) *debug.Module {
	if i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == module }); i >= 0 {
		return info.Deps[i]
	}
	return nil
}

// recorded is a setting of the build, "" where it has none.
func recorded(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// version is the module's version and, where the build recorded it, the
// commit.
func version() string { return versionOf(buildInfo()) }

func versionOf(info *debug.BuildInfo) string {
	if m := importedBy(info); m != nil {
		of := *info
		of.Deps = nil
		return fmt.Sprintf("%s in %s %s", cmp.Or(m.Version, "devel"), info.Main.Path, versionOf(&of))
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	if commit := recorded(info, "vcs.revision"); len(commit) >= 12 {
		return "devel " + commit[:12]
	}
	return "devel"
}

// provenance is what --version prints: the version, the commit and its day, Go's
// version, and the platform.
func provenance(info *debug.BuildInfo) string {
	commit := "commit not recorded"
	if c := recorded(info, "vcs.revision"); c != "" {
		day, _, _ := strings.Cut(recorded(info, "vcs.time"), "T")
		commit = fmt.Sprintf("commit %.12s of %s", c, day)
	}
	if recorded(info, "vcs.modified") == "true" {
		commit += " with changes"
	}
	return fmt.Sprintf("%s (%s, %s, %s/%s)", versionOf(info), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
