package host

import "strings"

// cpuModel names the CPU, or CPUs where cores differ.
func (t tree) cpuModel() string {
	var models []string
	for block := range strings.SplitSeq(t.raw("/proc/cpuinfo"), "\n\n") {
		model := armModel(fieldOf(block, "CPU implementer"), fieldOf(block, "CPU part"))
		for _, key := range []string{"model name", "Model Name", "uarch", "isa", "cpu model", "cpu"} {
			if model == "" {
				model = fieldOf(block, key)
			}
		}
		models = append(models, model)
	}
	return distinct(models)
}

// armModel names a part: arm64 kernels give numbers only. The numbers are
// MIDR_EL1's, as in the kernel's arch/arm64/include/asm/cputype.h.
func armModel(implementer, part string) string {
	switch name := armParts[implementer+" "+part]; {
	case implementer == "":
		return ""
	case name != "":
		return name
	}
	return "ARM implementer " + implementer + " part " + part
}

var armParts = map[string]string{
	"0x41 0xd03": "Cortex-A53", "0x41 0xd05": "Cortex-A55", "0x41 0xd07": "Cortex-A57", "0x41 0xd08": "Cortex-A72",
	"0x41 0xd09": "Cortex-A73", "0x41 0xd0a": "Cortex-A75", "0x41 0xd0b": "Cortex-A76", "0x41 0xd41": "Cortex-A78",
	"0x41 0xd0c": "Neoverse-N1", "0x41 0xd49": "Neoverse-N2", "0x41 0xd8e": "Neoverse-N3",
	"0x41 0xd40": "Neoverse-V1", "0x41 0xd4f": "Neoverse-V2", "0x41 0xd84": "Neoverse-V3",
	"0x43 0x0af": "ThunderX2", "0x46 0x001": "A64FX", "0x48 0xd01": "Kunpeng-920",
	"0xc0 0xac3": "Ampere-1", "0xc0 0xac4": "Ampere-1a",
}
