package compare

import (
	"cmp"
	"slices"

	"ipcbench/results"
)

// guestRules is what guests that ipcbench booted must have in common: without
// it instructions show nothing about kernels.
var guestRules = []rule{
	{"accelerator", "accel", true, guest(func(g *results.Guest) string { return g.Accel }),
		"instructions are not time", "measure both sides with one --accel"},
	{"QEMU version", "qemu", true, guest(func(g *results.Guest) string { return g.QEMU }),
		"another version counts other instructions, of 64 KiB by 63 %", "measure both sides with one QEMU"},
	{"guest's processor", "guest-cpu", true, guest(func(g *results.Guest) string { return g.Processor }),
		"a kernel picks its loops by it", "measure both sides with one version of ipcbench"},
	{"guest's start", "guest-start", false, guest(func(g *results.Guest) string { return cmp.Or(g.Start, "bzImage") }),
		"instructions differ by what starts a kernel, by up to 1 %", "measure both sides with one version of ipcbench and one QEMU"},
	{"idle policy", "idle", false, guest(func(g *results.Guest) string { return g.Idle }),
		"waking an idle CPU costs more the deeper it sleeps", "boot both kernels with one cpuidle governor"},
}

func guest(fact func(*results.Guest) string) func(*results.Host) string {
	return func(h *results.Host) string {
		if h.Guest == nil {
			return ""
		}
		return fact(h.Guest)
	}
}

// counted reports whether all of the side's numbers are instructions: no drift
// of a machine is in them.
func (s *Side) counted() bool {
	return len(s.hosts.All()) > 0 && !slices.ContainsFunc(s.hosts.All(), func(h *results.Host) bool { return h.Guest == nil || h.Guest.Accel != "icount" })
}
