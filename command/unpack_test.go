package command

import (
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"ipcbench/internal/pagetext"
)

// unpack is a script's command: `unpack PAGE` makes the text of a page's data readable.
func unpack(ts *testscript.TestScript, _ bool, args []string) {
	text, err := pagetext.Unpacked([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
}
