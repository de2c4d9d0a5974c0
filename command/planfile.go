package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipcbench/bench"
	"ipcbench/results"
)

// planArgument takes a plan in a file in place of flags, or beside them.
func planArgument(c *cobra.Command, args []string) error {
	switch {
	case len(args) > 1 && isPlan(args[0]):
		return fmt.Errorf("%s takes one plan, and no %q", c.Name(), args[1])
	case len(args) == 1 && isPlan(args[0]):
		return nil
	}
	return noArguments(c, args)
}

// isPlan reports whether an argument names a file, and is no word that another
// command or flag would take.
func isPlan(arg string) bool {
	return strings.ContainsRune(arg, filepath.Separator) || slices.Contains(planExtensions, strings.TrimPrefix(filepath.Ext(arg), "."))
}

var planExtensions = []string{"yaml", "yml"}

func completePlan(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return planExtensions, cobra.ShellCompDirectiveFilterFileExt
}

// load reads the plan in a file, if the arguments name one, and gives its values to
// the flags of their names: to all but those of the command line.
func (f *planFlags) load(c *cobra.Command, args []string) (err error) {
	if len(args) == 0 {
		return nil
	}
	if f.file, err = readPlan(args[0]); err != nil {
		return err
	}
	if c.Flags().Changed("preset") {
		f.file.Blocks = nil // what both name are the blocks to start from
	}
	for _, key := range bench.PlanKeys() {
		values, flag := f.file.Given(key.Name), c.Flags().Lookup(key.Name)
		if values == nil || flag == nil || flag.Changed {
			continue
		}
		if err := c.Flags().Set(key.Name, strings.Join(values, ",")); err != nil {
			return fmt.Errorf("%s: %s: %w", f.file.Path, key.Name, err)
		}
	}
	return nil
}

// readPlan reads a plan. A file that cannot be read is no wrong usage, and one that
// has a mistake is.
func readPlan(path string) (*bench.PlanFile, error) {
	f, err := bench.ReadPlan(path)
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return nil, failed(fmt.Errorf("read the plan: %w: `ipcbench presets show quick` prints one to begin with", err))
	}
	return f, err
}

// save writes what the flags and the plan in the file ask for into a file that is
// not there yet.
func (f *planFlags) save(c *cobra.Command, path string) error {
	given := map[string][]string{}
	c.Flags().Visit(func(flag *pflag.Flag) {
		given[flag.Name] = []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			given[flag.Name] = list.GetSlice()
		}
	})
	for _, key := range bench.PlanKeys() {
		if f.file != nil && c.Flags().Lookup(key.Name) == nil {
			given[key.Name] = f.file.Given(key.Name)
		}
	}
	if !f.narrows(c) && f.blocks() == nil {
		given["preset"] = []string{f.preset}
	}
	text, err := f.file.With(given)
	if err != nil {
		return failed(err)
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("--save-plan %s: the file is there already: name another, or remove it", path)
	}
	if err == nil {
		_, err = out.Write(text)
		err = errors.Join(err, out.Close())
	}
	if err != nil {
		return failed(fmt.Errorf("--save-plan: %w", err))
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s: the plan; `%s %s` measures it\n", path, c.CommandPath(), path)
	return nil
}

// blocks are those of the plan in the file; nil: it has none.
func (f *planFlags) blocks() []bench.Axes {
	if f.file == nil {
		return nil
	}
	return f.file.Blocks
}

// basis is the preset to start from, or the file's blocks in its place.
func (f *planFlags) basis() (bench.Preset, error) {
	preset, err := bench.LookupPreset(f.preset)
	if err != nil {
		return preset, fmt.Errorf("--preset: %w", err)
	}
	if blocks := f.blocks(); blocks != nil {
		preset.Name, preset.Blocks = f.file.Path, blocks
	}
	return preset, nil
}

// narrows reports whether a flag or the file's top level names an axis.
func (f *planFlags) narrows(c *cobra.Command) bool {
	narrows := c.Flags().Changed("floor")
	for key := range f.axes {
		narrows = narrows || c.Flags().Changed(key)
	}
	return narrows
}

// named gives a header the label and the note of the plan in the file, for a command
// that has no flags of these names.
func (f *planFlags) named(h results.Header) results.Header {
	if f.file != nil {
		h.Label, h.Note = strings.Join(f.file.Given("label"), ""), strings.Join(f.file.Given("note"), "")
	}
	return h
}
