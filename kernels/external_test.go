package kernels

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipcbench/external/declare"
	"ipcbench/results"
)

// A guest gets the programs of the transports that are asked for, and no others. One
// that needs an interpreter, or has the name of a file that is there, is refused.
func TestExternalsInGuest(t *testing.T) {
	guest := here()
	if guest == nil {
		t.Skip("no guest has the architecture of this test's programs")
	}
	dir := t.TempDir()
	transport := func(file, text string) results.Cell {
		path := filepath.Join(dir, file)
		err := os.WriteFile(path, []byte(text), 0o755)
		if text == "" {
			os.Remove(path)
			err = os.Symlink(program(t), path)
		}
		if err != nil {
			t.Fatal(err)
		}
		name, err := declare.Value(declare.Prefix + path)
		if err != nil {
			t.Fatal(err)
		}
		return results.Cell{Workload: "PingPong", Mechanism: name, Size: 64, Place: "same"}
	}
	static, other, script, taken := transport("mineguest", ""), transport("otherguest", ""), transport("scriptguest", "#!/bin/sh\n"), transport("init", "")
	declared, files, err := guest.externals([]results.Cell{static, {Workload: "PingPong", Mechanism: "pipe"}})
	if err != nil || len(declared) != 1 || len(files) != 1 || declared[0].Name != static.Mechanism || declared[0].Program.Command[0] != "/mineguest" || files[0] != filepath.Join(dir, "mineguest") {
		t.Errorf("%+v, %v, %v", declared, files, err)
	}
	if !isExternal(other) || isExternal(results.Cell{Mechanism: "pipe"}) {
		t.Error("what is external is not told apart")
	}
	another := amd64
	if guest == amd64 {
		another = arm64
	}
	if _, _, err := another.externals([]results.Cell{static}); err == nil || !strings.Contains(err.Error(), "is a program for "+guest.Name+", and the guest is one of "+another.Name) {
		t.Errorf("a program of another architecture: %v", err)
	}
	for want, c := range map[string]results.Cell{"needs an interpreter": script, "another file of that name": taken} {
		if _, _, err := guest.externals([]results.Cell{c}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", c.Mechanism, err, want)
		}
	}
}
