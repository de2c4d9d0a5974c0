package host

import (
	"fmt"
	"io/fs"
)

// Settings are those of the machine that may change while a run measures.
type Settings struct {
	Online   string // CPUs, as the kernel lists them
	Governor string
	Turbo    string
	Cgroup   string // limits that bind this process
}

// ReadSettings reads them of the CPUs that the run was given.
func ReadSettings(root fs.FS, cpus []CPU) Settings {
	t := tree{root}
	return Settings{Online: t.text(onlineCPUs), Governor: t.governor(cpus), Turbo: t.turbo(), Cgroup: t.cgroupLimits()}
}

// Changed reports how s differs from what was before, in a phrase; "": it does
// not.
func (s Settings) Changed(before Settings) string {
	for _, v := range []struct{ name, now, before string }{
		{"the list of CPUs online", s.Online, before.Online},
		{"the governor", s.Governor, before.Governor},
		{"turbo", s.Turbo, before.Turbo},
		{"the cgroup's limit", s.Cgroup, before.Cgroup},
	} {
		if v.now != v.before {
			return fmt.Sprintf("%s is %s, and was %s", v.name, orNone(v.now), orNone(v.before))
		}
	}
	return ""
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
