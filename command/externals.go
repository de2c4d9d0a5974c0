package command

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/external"
	"ipcbench/external/declare"
	"ipcbench/results"
)

// abSide is a side of ab that plays cells.
type abSide struct {
	command    string
	transports []*external.Declaration // that it gets to know; nil: none
}

// isProgram reports whether a side of ab is a program in place of a command.
func isProgram(command string) bool { return strings.HasPrefix(command, declare.Prefix) }

// refuseProgram refuses exec: in what a command takes, which knows only mechanisms of
// this program; nil: it is none.
func refuseProgram(command, value string) error {
	at := strings.Index(value, declare.Prefix)
	if at != 0 && (at < 0 || value[at-1] != '/') {
		return nil
	}
	return fmt.Errorf("%s: %s knows only what this program plays itself: `ipcbench conform %s` tries the program, run and kernels measure it", results.Quote(value), command, results.Quote(value[at:]))
}

// programs are the transports of --a exec:OLD --b exec:NEW, as one mechanism; nil: the
// sides are commands. It has the name of both, or one of its own where they differ,
// and is in the plan.
func (f *planFlags) programs(c *cobra.Command, commands [2]string) (all []*external.Declaration, err error) {
	if !isProgram(commands[0]) {
		return nil, nil
	}
	for i, command := range commands {
		d, err := declare.Of(command)
		if err != nil {
			return nil, fmt.Errorf("--%c: %w", "ab"[i], err)
		}
		all = append(all, d)
	}
	if all[0].Name != all[1].Name {
		all[0].Name, all[1].Name = "external", "external"
	}
	all[0].Register()
	return all, c.Flags().Set("mech", all[0].Name)
}

// sidesOf are those of the commands, or of the programs in their place, which this
// ipcbench starts.
func sidesOf(commands [2]string, programs []*external.Declaration) (all [2]abSide, err error) {
	self, err := os.Executable()
	for i, command := range commands {
		all[i] = abSide{command, external.All()}
		if programs != nil {
			all[i].command = "'" + strings.ReplaceAll(self, "'", `'\''`) + "'"
			all[i].transports = slices.Clone(all[i].transports)
			all[i].transports[slices.Index(all[i].transports, programs[0])] = programs[i]
		}
	}
	return all, err
}

// externals are the declarations of the external transports that this command knows,
// for the header of a run; nil: none.
func externals() (json.RawMessage, error) {
	return declared(external.All())
}

// declared are declarations as a header has them; nil: there are none.
func declared(all []*external.Declaration) (json.RawMessage, error) {
	if all == nil {
		return nil, nil
	}
	return json.Marshal(all)
}

// restoreExternals registers the external transports of a run that goes on. A program
// that is no longer the one that was measured is refused.
func restoreExternals(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var all []*external.Declaration
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	for _, d := range all {
		if err := declare.Unchanged(d); err != nil {
			return err
		}
	}
	return external.Ensure(all)
}
