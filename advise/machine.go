package advise

import (
	"fmt"
	"strings"

	"ipcbench/results"
)

// Machine lists, in sentences, what the records of these hosts do not show
// about another machine.
func Machine(hosts []*results.Host) (cantTell []string) {
	if len(hosts) > 1 {
		cantTell = append(cantTell, fmt.Sprintf("What holds on which machine: these are records of %d different hosts.", len(hosts)))
	}
	for _, h := range hosts {
		if h.Virt != "" && h.Virt != "none" && !strings.HasPrefix(h.Virt, "container:") {
			cantTell = append(cantTell, fmt.Sprintf("How it is on hardware: this was measured in a virtual machine (%s), where to wake a process on another CPU costs an exit to the hypervisor.", results.Quote(h.Virt)))
		}
		if n := len(h.Doubts); n > 0 {
			cantTell = append(cantTell, fmt.Sprintf("What a quieter machine would give: things about this one that spoil numbers: %d (`ipcbench doctor`).", n))
		}
	}
	return cantTell
}
