package host

import (
	"fmt"
	"io/fs"
	"slices"

	"ipcbench/mechanisms"
)

const nodesWithMemory = "/sys/devices/system/node/has_memory"

// MemoryNode is the NUMA node that memory-node=local or remote asks for, of
// processes on the CPUs ids of Assign: local is the node of the first process,
// remote the next one that has memory. A machine or a place without is an
// *mechanisms.UnsupportedError. root is os.DirFS("/") outside tests.
func MemoryNode(root fs.FS, cpus []CPU, which string, ids []int) (node int, err error) {
	refuse := func(why string) error {
		return &mechanisms.UnsupportedError{Mechanism: "memory-node " + which, What: why}
	}
	if len(ids) == 0 {
		return 0, refuse("processes that are not pinned are near no NUMA node")
	}
	t := tree{root}
	nodes, err := ParseCPUList(t.text(nodesWithMemory))
	switch {
	case err != nil || len(nodes) == 0:
		return 0, refuse("the NUMA nodes cannot be read (" + nodesWithMemory + "): the kernel is built without, or /sys is not mounted")
	case len(nodes) < 2:
		return 0, refuse("only NUMA node " + FormatCPUList(nodes) + " has memory (" + nodesWithMemory + "), and near and far need two, numa(7)")
	}
	at := slices.IndexFunc(cpus, func(c CPU) bool { return c.ID == ids[0] })
	if at < 0 || cpus[at].Node < 0 {
		return 0, refuse(fmt.Sprintf("the NUMA node of CPU %d is not known (%s)", ids[0], nodeDirs))
	}
	home := cpus[at].Node
	if which == "local" {
		return home, nil
	}
	for _, n := range nodes {
		if n > home {
			return n, nil
		}
	}
	return nodes[0], nil
}
