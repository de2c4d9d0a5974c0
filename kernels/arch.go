package kernels

import (
	"cmp"
	"debug/elf"
	"debug/pe"
	"runtime"
	"strings"
)

// Arch is an architecture of guests: how QEMU runs one, and how its images are known.
type Arch struct {
	Name  string // Go's, as in GOARCH
	Image string // where a kernel's tree has its image

	qemu    string // the program
	debian  string // and the package that has it
	machine string // QEMU's -M
	onKVM   string // the same with KVM
	memory  string // of a guest, in MiB
	// processor is QEMU's -cpu where instructions are counted.
	processor string
	counting  string   // the kernel's options besides, there
	console   string   // the device of the first serial port
	port      string   // that of the second one in the guest
	second    []string // QEMU's arguments that make it

	elf     elf.Machine
	pe      uint16
	magic   string // in the header of an image
	magicAt int
}

// amd64 copies in a loop: `rep movsb`, of erms and fsrm, would count one instruction a
// byte. Its kernel options spare a guest that counts two busy waits, of 108 and 12 ms by
// its clock: 3 of the 7 s of processor time until its first process runs, since QEMU leaves
// its translated code at each `pause`. The clock's ticks then come from the HPET in place
// of the local APIC. Round trips of pipe and sysvmsg on 5.10 and 7.2, and of pipe on 6.1,
// differ by at most 0.07 %, as they do between seeds, but for those of sysvmsg on 7.2:
// 0.26 %. Images: Documentation/arch/x86/boot.rst.
var amd64 = &Arch{
	Name: "amd64", Image: "arch/x86/boot/bzImage", qemu: "qemu-system-x86_64", debian: "qemu-system-x86",
	machine: "q35", onKVM: "q35", memory: "256", processor: "max,-erms,-fsrm", counting: " nolapic_timer no_timer_check",
	console: "ttyS0", port: "/dev/ttyS1", second: []string{"-serial", "file:" + portFile},
	elf: elf.EM_X86_64, pe: pe.IMAGE_FILE_MACHINE_AMD64, magic: "HdrS", magicAt: 0x202,
}

// arm64 has a named processor: of cortex-a57, neoverse-n1 and max a pipe's round trip
// takes 12,279, 12,263 and 12,121 instructions, and max changes with QEMU's version.
// Images: Documentation/arch/arm64/booting.rst.
var arm64 = &Arch{
	Name: "arm64", Image: "arch/arm64/boot/Image", qemu: "qemu-system-aarch64", debian: "qemu-system-arm",
	machine: "virt,gic-version=3", onKVM: "virt,gic-version=host", memory: "256", processor: "neoverse-n1",
	console: "ttyAMA0", port: "/dev/ttyS0", second: pciSerial,
	elf: elf.EM_AARCH64, pe: pe.IMAGE_FILE_MACHINE_ARM64, magic: "ARM\x64", magicAt: 0x38,
}

// riscv64 needs more memory: its kernels are built with everything, and unpack to 40
// MiB. Images: Documentation/arch/riscv/boot-image-header.rst.
var riscv64 = &Arch{
	Name: "riscv64", Image: "arch/riscv/boot/Image", qemu: "qemu-system-riscv64", debian: "qemu-system-misc",
	machine: "virt", onKVM: "virt", memory: "512", processor: "rv64",
	console: "ttyS0", port: "/dev/ttyS1", second: pciSerial,
	elf: elf.EM_RISCV, pe: pe.IMAGE_FILE_MACHINE_RISCV64, magic: "RSC\x05", magicAt: 0x38,
}

// pciSerial is a serial port for a machine that has only one of its own. The driver,
// 8250_pci, is built into Debian's kernels.
var pciSerial = []string{"-chardev", "file,id=port,path=" + portFile, "-device", "pci-serial,chardev=port"}

// arches are those that a guest may have.
var arches = []*Arch{amd64, arm64, riscv64}

// here is the architecture of this program; nil: no guest has it.
func here() *Arch {
	for _, a := range arches {
		if a.Name == runtime.GOARCH {
			return a
		}
	}
	return nil
}

// known lists the names of all.
func known() string {
	var names []string
	for _, a := range arches {
		names = append(names, a.Name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// ByArch sorts kernels by their architectures, in the order in which these come first.
func ByArch(all []Kernel) (groups [][]Kernel) {
	at := map[*Arch]int{}
	for _, k := range all {
		i, ok := at[k.arch()]
		if !ok {
			i, at[k.arch()] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], k)
	}
	return groups
}

// arch is that of the kernel. One that was not read from a file is of amd64.
func (a *Kernel) arch() *Arch { return cmp.Or(a.Arch, amd64) }

// options are those of every guest's kernel.
func (a *Arch) options() string { return "console=" + a.console + " " + everywhere }

// model is QEMU's -cpu.
func (a *Arch) model(how Accel) string {
	if how == KVM {
		return "host"
	}
	return a.processor
}
