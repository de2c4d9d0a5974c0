package choose

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	_ "ipcbench/bench" // which floor a workload is held against
	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

func written(t *testing.T, list []Advice, about []string) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteText(&b, list, about, text.Screen{Columns: 100}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	summaries := results.Summarize(random(3))
	for _, q := range []Question{{Pattern: "rpc", Size: 64}, {Pattern: "fanin", Size: 64 << 10, Unrelated: true}, {Pattern: "stream", Size: 1 << 21, Boundaries: true}} {
		var list []Advice
		for _, q := range Everywhere(summaries, q) {
			list = append(list, Advise(summaries, q))
		}
		if len(list) != 2 {
			t.Fatalf("%+v: %d places", q, len(list))
		}
		got := written(t, list, Machine([]*results.Host{{Virt: "kvm"}}))
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 || strings.HasSuffix(line, " \n") {
				t.Errorf("%d columns, or a blank at the end: %q", n, line)
			}
		}
		for _, want := range []string{q.Pattern + ", size " + results.FormatBytes(q.Size), "\nSame CPU", "\nDifferent CPUs", list[0].Sentence[:20], "virtual machine (kvm)"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		if name := list[0].Use; name != "" {
			for _, c := range mechanisms.Lookup(name).Facts.Cautions {
				if !strings.Contains(got, c.Text[:20]) {
					t.Errorf("no word of %q", c.Text)
				}
			}
		}
		if again := written(t, list, Machine([]*results.Host{{Virt: "kvm"}})); again != got {
			t.Error("equal advice gives another text")
		}
	}
}

// What comes from a file is harmless, and infinite bounds are JSON all the
// same.
func TestHostile(t *testing.T) {
	c := cell("PingPong", "pipe", 64)
	records := append(launches(c, 2, 100), none(cell("PingPong", "fifo", 64), results.Failed, "\x1b[31m</script>\nDifferent CPUs")...)
	summaries := results.Summarize(append(records, launches(cell("PingPong", "evil\x1b]0;", 64), 2, 90)...))
	a := Advise(summaries, Question{Pattern: "rpc", Place: "same", Size: 64})
	got := written(t, []Advice{a}, Machine([]*results.Host{{Virt: "\x1b[2J"}}))
	if strings.Contains(got, "\x1b") || strings.Contains(got, "\nDifferent CPUs") {
		t.Errorf("escapes come through: %q", got)
	}
	var b bytes.Buffer
	if err := WriteMarkdown(&b, []Advice{a}, Machine([]*results.Host{{Virt: "a|b<script>\x1b[2J"}})); err != nil {
		t.Fatal(err)
	}
	if md := b.String(); strings.Contains(md, "\x1b") || strings.Contains(md, "<") || strings.Contains(md, "a|b") || !strings.Contains(md, "\n| pipe | 100.7ns |") {
		t.Errorf("Markdown comes through, or no table: %q", md)
	}
	raw, err := json.Marshal(All(summaries))
	if err != nil || bytes.Contains(raw, []byte("</script>")) {
		t.Errorf("%v: %s", err, raw)
	}
}

// What the first costs in units of a floor is printed where one was measured.
func TestTextTellsTheWorth(t *testing.T) {
	records := launches(cell("PingPong", "pipe", 64), 6, 5000)
	q := Question{Pattern: "rpc", Size: 64, Place: "same"}
	if got := written(t, []Advice{Advise(results.Summarize(records), q)}, nil); strings.Contains(got, "as long as") {
		t.Errorf("without a floor:\n%s", got)
	}
	wake := results.Cell{Workload: results.FloorWorkload, Mechanism: results.FloorWake, Size: 4, Place: "same"}
	summaries := results.Summarize(append(records, launches(wake, 6, 2000)...))
	list := []Advice{Advise(summaries, q)}
	if got := written(t, list, nil); !strings.Contains(got, "\n  pipe takes as long as 2.5 wake-ups (") {
		t.Errorf("with a floor:\n%s", got)
	}
	var b bytes.Buffer
	if err := WriteMarkdown(&b, list, nil); err != nil || !strings.Contains(b.String(), "\npipe takes as long as 2.5 wake-ups (") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
