package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipcbench/bench"
	"ipcbench/internal/suggest"
)

// What a mistake on the command line is answered with: the thing, the value and
// the remedy.

// flagMistake words an error of a flag.
func flagMistake(c *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
		empty   *pflag.ValueRequiredError
	)
	switch {
	case errors.As(err, &unknown):
		name, dash := unknown.GetSpecifiedName(), "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dash = "-"
		}
		return fmt.Errorf("%s has no flag %s%s: %s", c.Name(), dash, name, meantFlag(c, name))
	case errors.As(err, &invalid):
		return fmt.Errorf("--%s %q: want %s", invalid.GetFlag().Name, invalid.GetValue(), wanted(invalid))
	case errors.As(err, &empty):
		return fmt.Errorf("--%s needs a value: %s", empty.GetFlag().Name, helps(c))
	}
	return fmt.Errorf("%w: %s", err, helps(c))
}

// helps is the command that shows what a command takes.
func helps(c *cobra.Command) string {
	return fmt.Sprintf("`%s --help` lists the flags", c.CommandPath())
}

// meantFlag is the flag that was meant, and the command that lists all.
func meantFlag(c *cobra.Command, name string) string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if len(name) < 2 {
		return helps(c)
	}
	near := suggest.Near(name, names)
	if near == nil {
		return helps(c)
	}
	return fmt.Sprintf("did you mean --%s? %s", strings.Join(near, " or --"), helps(c))
}

// wanted is what a flag takes, by its type.
func wanted(e *pflag.InvalidValueError) string {
	switch e.GetFlag().Value.Type() {
	case "int", "int64":
		return "a whole number"
	case "uint64", "uint":
		return "a whole number from 0"
	case "float64":
		return "a number"
	case "duration":
		return "a time with its unit, as in 20ms, 1s or 5m"
	case "bool":
		return "true or false"
	case "WHEN":
		return strings.Join(colorTimes, ", ")
	}
	return "another value: " + e.Unwrap().Error()
}

// noArguments refuses arguments, and suggests the flag or the command that was
// meant.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	got := args[0]
	if c.HasSubCommands() {
		var names []string
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				names = append(names, sub.Name())
			}
		}
		if !c.HasParent() || !c.Flags().HasFlags() {
			return fmt.Errorf("%s has no command %q: %s", c.Name(), got, suggest.Wanted(got, names, "ipcbench --help"))
		}
	}
	remedy := helps(c)
	for _, of := range []struct {
		flag  string
		names []string
	}{{"mech", mechanismNames()}, {"workload", workloadNames()}, {"place", placeNames()}, {"preset", bench.PresetNames}} {
		if near := suggest.Near(got, of.names); near != nil && c.Flags().Lookup(of.flag) != nil {
			remedy = fmt.Sprintf("did you mean --%s %s?", of.flag, strings.Join(near, ","))
			break
		}
	}
	if _, err := bench.ParseSize(got); err == nil && c.Flags().Lookup("size") != nil {
		remedy = fmt.Sprintf("did you mean --size %s?", got)
	}
	takes := "flags only"
	if strings.Contains(c.Use, "[PLAN]") {
		takes = "flags and a plan (plan.yaml)"
	}
	return fmt.Errorf("%s takes %s, not %q: %s", c.Name(), takes, got, remedy)
}

// takes refuses fewer than least and more than most arguments, which are named as
// in the command's usage; most -1: any number.
func takes(least, most int, what, example string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fmt.Errorf("%s needs %s, for example: %s %s", c.Name(), what, c.CommandPath(), example)
		case most >= 0 && len(args) > most:
			return fmt.Errorf("%s takes %s, and no %q", c.Name(), what, args[most])
		}
		return nil
	}
}

// requires refuses a command line that lacks one of the flags, which are given
// with an example of their value. The last one's error is not joined: one line
// is read, two are not.
func requires(flags ...[2]string) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		for _, f := range flags {
			if !c.Flags().Changed(f[0]) {
				return required(f[0], f[1])
			}
		}
		return nil
	}
}

// required is the error about a flag that must be given.
func required(flag, example string) error {
	return fmt.Errorf("--%s is required (for example --%s %s)", flag, flag, example)
}
