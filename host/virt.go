package host

import (
	"slices"
	"strings"
)

// virt is "none", or what lies between this process and the machine: a
// hypervisor, a container, or both.
func (t tree) virt() string {
	vm, c := t.hypervisor(), t.container()
	switch {
	case c == "":
		return vm
	case vm == "" || vm == "none":
		return "container:" + c
	}
	return vm + ", container:" + c
}

// marks are signs of one thing or another: a name that is found in a text.
type marks []struct{ sign, name string }

func (m marks) find(text string) string {
	for _, mark := range m {
		if strings.Contains(text, mark.sign) {
			return mark.name
		}
	}
	return ""
}

var (
	clocksourceMarks = marks{{"kvm-clock", "kvm"}, {"hyperv_clocksource", "hyperv"}, {"xen", "xen"}}
	dmiMarks         = marks{
		{"KVM", "kvm"}, {"Amazon EC2", "kvm"}, {"Google Compute Engine", "kvm"}, {"OpenStack", "kvm"}, {"QEMU", "qemu"},
		{"VMware", "vmware"}, {"VirtualBox", "virtualbox"}, {"Microsoft Corporation Virtual Machine", "hyperv"},
		{"Xen", "xen"}, {"Parallels", "parallels"}, {"BHYVE", "bhyve"}, {"Apple Virtualization", "apple"},
	}
	deviceTreeMarks = marks{{"linux,kvm", "kvm"}, {"xen,xen", "xen"}, {"linux,dummy-virt", "vm"}}
)

// hypervisor is "none", a name, "vm" where the name is not known, or "" where the
// tree has no sign of either. Only x86 has a flag that settles it.
func (t tree) hypervisor() string {
	const dmi = "/sys/class/dmi/id/"
	flags := t.field("/proc/cpuinfo", "flags")
	if flags != "" && !slices.Contains(strings.Fields(flags), "hypervisor") {
		return "none"
	}
	board := t.text(dmi+"sys_vendor") + " " + t.text(dmi+"product_name") + " " + t.text(dmi+"bios_vendor")
	devices := t.text("/proc/device-tree/hypervisor/compatible") + " " + t.text("/proc/device-tree/compatible")
	if flags == "" && strings.Contains(board, ".metal") { // Amazon EC2's name for a machine without one
		return "none"
	}
	for _, name := range []string{
		t.text("/sys/hypervisor/type"),
		clocksourceMarks.find(t.text("/sys/devices/system/clocksource/clocksource0/available_clocksource")),
		dmiMarks.find(board),
		deviceTreeMarks.find(devices),
	} {
		if name != "" {
			return name
		}
	}
	switch {
	case flags != "":
		return "vm"
	case strings.TrimSpace(board+devices) != "":
		return "none"
	}
	return ""
}
