package command

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ipcbench/compare"
	"ipcbench/kernels"
	"ipcbench/results"
)

// fakeKernel is a file that passes for a bzImage.
func fakeKernel(t *testing.T, path string) {
	t.Helper()
	head := make([]byte, 4096)
	copy(head[0x202:], "HdrS")
	if err := os.WriteFile(path, head, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The command that explains a regression names the worst cell, and a shell gives back
// the same kernels with the same options, whatever characters they have.
func TestSuggestedCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a $dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vmlinuz old", "bzImage=2"} {
		fakeKernel(t, filepath.Join(dir, name))
	}
	mild, worst, faster := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}, results.Cell{Workload: "PingPong", Mechanism: "fifo", Size: 64, Place: "same"}, results.Cell{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"}
	row := func(cell results.Cell, ratio float64, v compare.Verdict, metric string) compare.Row {
		return compare.Row{Name: cell.Name(), Cell: cell, Metric: metric, Verdict: v, Ratio: results.Ratio{Center: results.Float(ratio)}}
	}
	reports := []*compare.Report{
		{Rows: []compare.Row{row(results.Cell{Workload: results.FloorWorkload, Mechanism: "wake", Size: 64, Place: "same"}, 3, compare.Slower, "insns/op"), row(mild, 1.05, compare.Slower, "insns/op"), row(faster, 0.2, compare.Faster, "insns/op"), row(faster, 9, compare.Slower, "ns/op")}},
		{Rows: []compare.Row{row(worst, 1.2, compare.Slower, "insns/op"), row(mild, 1.5, compare.Same, "insns/op")}},
	}
	for _, options := range [][3]string{{"", "", ""}, {"psi=0 quiet", "psi=0 quiet", "psi=0 quiet"}, {"", "", `slub_debug=FZPU dyndbg="a;b"`}, {"a=1", "", "b=$x 'c'"}} {
		var compared []kernels.Kernel
		for i, name := range []string{"vmlinuz old", "vmlinuz old", "bzImage=2"} {
			compared = append(compared, kernels.Kernel{Label: []string{"base", "between", "new.2"}[i], Path: filepath.Join(dir, name), Append: options[i]})
		}
		var console bytes.Buffer
		c := &cobra.Command{}
		c.SetErr(&console)
		suggestWhy(c, compared, reports)
		_, line, ok := strings.Cut(console.String(), "which functions made it longer: ")
		if !ok {
			t.Fatal(console.String())
		}
		split, err := exec.Command("sh", "-c", `for word in `+strings.TrimSpace(line)+`; do printf '%s\0' "$word"; done`).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		words := strings.Split(strings.TrimSuffix(string(split), "\x00"), "\x00")
		var f whyFlags
		parsed := f.command()
		if err := parsed.ParseFlags(words[3:]); err != nil {
			t.Fatalf("%q: %v", words, err)
		}
		args := parsed.Flags().Args()
		if got, err := kernels.CountedCell(args[len(args)-1]); words[0] != os.Args[0] || err != nil || got != worst {
			t.Errorf("%q: cell %v, %v", words, got, err)
		}
		got, err := f.kernels.parseKernels(args[:len(args)-1])
		if err != nil || len(got) != 2 {
			t.Fatalf("%q: %+v, %v", words, got, err)
		}
		for i, want := range []kernels.Kernel{compared[0], compared[2]} {
			if g := got[i]; g.Label != want.Label || g.Path != want.Path || g.Append != want.Append {
				t.Errorf("%q: %+v, want %+v", words, g, want)
			}
		}
	}
	if all := movedCells(reports, compare.Slower, compare.Faster); !slices.Equal([]results.Cell{all[0].cell, all[1].cell, all[2].cell}, []results.Cell{faster, worst, mild}) || len(all) != 4 || all[1].comparison != 1 {
		t.Errorf("%+v", all)
	}
	if movedCells(nil, compare.Slower) != nil {
		t.Error("nothing moved")
	}
}

// The profiles of a run are those beside its directory, wherever the page is made, and in
// either order. What is damaged is left out.
func TestExplained(t *testing.T) {
	dir := t.TempDir()
	for path, from := range map[string]string{
		"profiles/1/old.json": "testdata/profiles/old.json", "profiles/1/new.json": "testdata/profiles/new.json", "profiles/1/index.html": "",
		"profiles/2/old.json": "testdata/profiles/old.json", "profiles/2/new.json": "", "profiles/2/index.html": "", "runs/a/run.json": "",
	} {
		var text []byte
		if from != "" {
			var err error
			if text, err = os.ReadFile(from); err != nil {
				t.Fatal(err)
			}
		}
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, text, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for out, want := range map[string]string{filepath.Join(dir, "runs", "a"): "../../profiles/1/index.html", filepath.Join(dir, "a b"): "../profiles/1/index.html"} {
		all := explained(filepath.Join(dir, "runs", "a"), out)
		if len(all) != 2 || all[0].Page != want || all[0].Old.Kernel != "new" || all[1].Old.Kernel != "old" || all[0].Old.Cell == "" || all[0].New.Paths != nil {
			t.Errorf("%s: %+v", out, all)
		}
	}
}
