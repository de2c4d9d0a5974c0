package kernels

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"ipcbench/external"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// packedAt is where a guest finds the programs of external transports.
const packedAt = "/"

// externals are the declarations of the external transports among cells, as a guest has
// them, and the files of their programs. A program that needs others to start is
// refused: a guest has nothing else.
func (a *Arch) externals(cells []results.Cell) (declared []*external.Declaration, files []string, err error) {
	for _, d := range external.All() {
		if !slices.ContainsFunc(cells, func(c results.Cell) bool { return c.Mechanism == d.Name }) {
			continue
		}
		program := d.Program.Command[0]
		if script, err := isScript(program); script || err != nil {
			return nil, nil, errors.Join(err, fmt.Errorf("%s needs an interpreter, which a guest does not have: want a static program", results.Quote(program)))
		}
		if err := a.runs(program); err != nil {
			return nil, nil, err
		}
		name := filepath.Base(program)
		if name == "init" || packedAt+name == jobFile || slices.ContainsFunc(files, func(f string) bool { return filepath.Base(f) == name && f != program }) {
			return nil, nil, fmt.Errorf("%s: a guest has another file of that name: rename the program", results.Quote(program))
		}
		packed := *d
		packed.Program.Command = append([]string{packedAt + name}, d.Program.Command[1:]...)
		packed.Program.Env = nil
		declared, files = append(declared, &packed), append(files, program)
	}
	return declared, slices.Compact(files), nil
}

// CheckExternals reports why the program of an external transport among cells can't run
// in a guest with this kernel.
func (a *Kernel) CheckExternals(cells ...results.Cell) error {
	_, _, err := a.arch().externals(cells)
	return err
}

// isScript reports whether the kernel hands a file to an interpreter, execve(2).
func isScript(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 2)
	f.Read(head)
	return string(head) == "#!", nil
}

// isExternal reports whether another program plays the parts of a cell.
func isExternal(c results.Cell) bool {
	m := mechanisms.Lookup(c.Mechanism)
	return m != nil && m.Program != nil
}
