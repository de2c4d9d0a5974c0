package command

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipcbench/internal/text"
)

// everyCommand calls visit with each command that help lists.
func everyCommand(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			everyCommand(sub, visit)
		}
	}
}

// Help of every command fits terminals of 60, 80 and 100 columns, wider ones and a
// file have 100, and lists every flag that is not hidden.
func TestHelpFits(t *testing.T) {
	root := newRoot()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	everyCommand(root, func(c *cobra.Command) {
		for columns, most := range map[int]int{0: 100, 60: 60, 80: 80, 160: 100} {
			var b bytes.Buffer
			writeHelp(c, &b, text.Screen{Columns: columns})
			for line := range strings.Lines(b.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > most && !strings.Contains(c.CommandPath(), "completion") {
					t.Errorf("%s on a screen of %d columns: %d columns, want at most %d: %s", c.CommandPath(), columns, n, most, line)
				}
			}
			c.LocalFlags().VisitAll(func(f *pflag.Flag) {
				if listed := strings.Contains(b.String(), "--"+f.Name+" ") || strings.Contains(b.String(), "--"+f.Name+"\n"); listed == f.Hidden {
					t.Errorf("%s --%s: hidden %t, listed %t", c.CommandPath(), f.Name, f.Hidden, listed)
				}
			})
		}
	})
}

// Each flag has a section, and each command.
func TestHelpHasSections(t *testing.T) {
	everyCommand(newRoot(), func(c *cobra.Command) {
		for title, flags := range flagSections(c) {
			if title == "" {
				for _, f := range flags {
					t.Errorf("%s --%s is in no section: add it to flagGroups", c.CommandPath(), f.Name)
				}
			}
		}
		if p := c.Parent(); p != nil && !p.HasParent() {
			found := 0
			for _, g := range commandGroups {
				for _, name := range g.names {
					if name == c.Name() {
						found++
					}
				}
			}
			if found != 1 {
				t.Errorf("%s is in %d sections: want one of commandGroups", c.Name(), found)
			}
		}
	})
}

// Help on a narrow terminal shows examples that can be copied all the same.
func TestExamplesContinue(t *testing.T) {
	var b bytes.Buffer
	writeExample(&b, text.Screen{Columns: 60}, "ipcbench run --workload pingpong --mech pipe,fifo --size 64,4KiB --place same")
	want := "  ipcbench run --workload pingpong --mech pipe,fifo --size \\\n      64,4KiB --place same\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// A shell completes values behind a comma, each once, and says what they are.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string // the beginning of what is printed
	}{
		{[]string{"run", "--mech", "pipe,fi"}, "pipe,fifo\tbyte stream through a FIFO, opened by name\n:6\n"},
		{[]string{"run", "--mech=pipe,fi"}, "pipe,fifo\t"},
		{[]string{"run", "--mech", "fifo,fi"}, ":6\n"},
		{[]string{"run", "--mech", "fifo", "--mech", "fi"}, ":6\n"},
		{[]string{"run", "--place", "same,"}, "same,free\tunpinned: where the scheduler puts them\nsame,smt\t"},
		{[]string{"run", "--size", "64,4"}, "64,4KiB\n:6\n"},
		{[]string{"ab", "--queue", "d"}, "default\twhat the kernel gives\n:6\n"},
		{[]string{"run", "--floor", "wake,go"}, "wake,gochan\t"},
		{[]string{"run", "--preset", "w"}, "wide\t"},
		{[]string{"kernels", "--workload", "stream,pip"}, "stream,pipeline\t"},
		{[]string{"semantics", "--mech", "pi"}, "pipe"},
		{[]string{"compare", "--metric", "ns/op,p99"}, "ns/op,p99-ns\n"},
		{[]string{"compare", "--format", "te"}, "text\n:4\n"},
		{[]string{"choose", ""}, "rpc\tPingPong\n"},
		{[]string{"choose", "rpc", "4"}, "4KiB\n:4\n"},
		{[]string{"choose", "notify", ""}, ":4\n"},
		{[]string{"choose", "rpc", "64", "--place", "free,c"}, "free,cross\t"},
		{[]string{"list", "--color", "al"}, "always\n:4\n"},
	} {
		if got := said(t, exitOK, append([]string{"__complete"}, c.args...)...); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q: got\n%swant\n%s", c.args, got, c.want)
		}
	}
}

// --color decides over what the output is, and names its values.
func TestColorFlag(t *testing.T) {
	if got := said(t, exitOK, "help", "words", "--color", "always"); !strings.HasPrefix(got, "\x1b[1mWhat is measured\x1b[0m\n") {
		t.Errorf("always: %q", got[:40])
	}
	if got := said(t, exitOK, "help", "words"); strings.Contains(got, "\x1b") {
		t.Error("there are colors where the output is no terminal")
	}
	want(t, said(t, exitUsage, "list", "--color", "red"), `ipcbench: --color "red": want auto, always, never`)
}
