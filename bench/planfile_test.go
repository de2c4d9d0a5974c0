package bench

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ipcbench/results"
)

const wholePlan = `
preset: quick
workload: [pingpong, Stream]
mech: [pipe, fifo]
family: notifications
size: [64, 4k, 4KiB]
queue: [default, 4096]
place: same
peers: 3
wait: [block, poll]
copy: 0
rate: 1000
floor: gochan
launches: 7
time: 2ms
verify: true
until: 2%
budget: 1m
seed: 18446744073709551615
cpus: [0, 2-3]
label: nightly
note: "what our daemon uses: pipes"
thresholds:
  - {cells: '*', percent: 2.5}
  - cells: PingPong/*/size=64
    percent: 10
`

func TestParsePlan(t *testing.T) {
	f, err := ParsePlan("plan.yaml", []byte(wholePlan))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"preset": "quick", "workload": "pingpong Stream", "size": "64 4k 4KiB", "queue": "default 4096", "copy": "0", "until": "2%", "seed": "18446744073709551615",
		"cpus": "0 2-3", "note": "what our daemon uses: pipes", "mech": "pipe fifo " + strings.Join(ofFamily("notifications"), " "), "family": "", "blocks": "",
	} {
		if got := strings.Join(f.Given(key), " "); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if want := []results.Threshold{{Cells: "*", Share: 0.025}, {Cells: "PingPong/*/size=64", Share: 0.1}}; !slices.Equal(f.Thresholds, want) {
		t.Errorf("thresholds %v, want %v", f.Thresholds, want)
	}
}

// A mistake is answered in one line with the file, the line, the column, the value
// and what to write instead.
func TestPlanRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"mech: pipe\nsizes: 64\n":                           `plan.yaml:2:1: unknown key "sizes": did you mean size? want one of preset, workload, mech, family, size, `,
		"blocks:\n  - launches: 3\n":                        `plan.yaml:2:5: unknown key "launches": want one of workload, mech, `,
		"thresholds:\n  - cell: '*'\n    percent: 1\n":      `plan.yaml:2:5: unknown key "cell": did you mean cells? want one of cells, percent`,
		"mech: pipe\nsize: [64, 4x]\n":                      `plan.yaml:2:12: size "4x": want a whole number of bytes from 1 to 16MiB, as in 64, 4KiB or 1MiB`,
		"mech: [pip]\n":                                     `plan.yaml:1:8: mech "pip": did you mean pipe or `,
		"family: pipe\n":                                    `plan.yaml:1:9: family "pipe": did you mean pipes? (want one of `,
		"workload: ping\n":                                  `plan.yaml:1:11: workload "ping": did you mean pingpong?`,
		"peers: 1\nblocks: [{peers: 1, workload: fanin}]\n": `plan.yaml:2:10: FanIn: 1 senders: want 2 to 64`,
		"blocks: [{workload: pipeline, rate: 5}]\n":         `plan.yaml:1:10: rate=5: none of the workloads pipeline takes it`,
		"launches: 0\n":                                     `plan.yaml:1:11: launches "0": want 1 to 1000`,
		"launches: [1, 2]\n":                                `plan.yaml:1:11: launches: want one value`,
		"time: 1h\n":                                        `plan.yaml:1:7: time "1h": want 1ms to 1m0s, as in 60ms or 1m`,
		"time: 60\n":                                        `plan.yaml:1:7: time "60": want`,
		"verify: yes\n":                                     `plan.yaml:1:9: verify "yes": want true or false`,
		"until: 90%\n":                                      `plan.yaml:1:8: until "90%": want 0.1% to 50%, as in 5% or 0.05`,
		"seed: -1\n":                                        `plan.yaml:1:7: seed "-1": want a whole number from 0`,
		"cpus: 1-\n":                                        `plan.yaml:1:7: cpus "1-": want numbers and ranges, as in 2,3 or 0-3,8`,
		"preset: slow\n":                                    `plan.yaml:1:9: preset "slow": want one of quick, default, wide, full`,
		"preset: quick\nblocks: [{mech: pipe}]\n":           `plan.yaml:1:1: preset and blocks: leave out one`,
		"mech:\n":                                           `plan.yaml:1:6: mech has no value: leave the key out, or give it one`,
		"mech: []\n":                                        `plan.yaml:1:7: mech has no value`,
		"mech: {pipe: 1}\n":                                 `plan.yaml:1:7: mech: want a value, or a list of values`,
		"mech: [pipe, [fifo]]\n":                            `plan.yaml:1:14: mech: want a value, or a list of values`,
		"mech: pipe\nmech: fifo\n":                          `plan.yaml:2:1: key mech stands on line 1 already: join both`,
		"mech: &a pipe\nworkload: *a\n":                     `plan.yaml:1:7: anchors and aliases are not taken: write the value out`,
		"<<: {mech: pipe}\n":                                `plan.yaml:1:1: unknown key "<<"`,
		"mech: !!str pipe\n":                                `plan.yaml:1:7: the tag !!str is not taken: leave it out`,
		"? [mech]\n: pipe\n":                                `plan.yaml:1:3: unknown key ""`,
		"- pipe\n":                                          `plan.yaml:1:1: want keys with values: preset, `,
		"pipe\n":                                            `plan.yaml:1:1: want keys with values: preset, `,
		"mech: pipe\n---\nmech: fifo\n":                     `plan.yaml:2:1: a second document: want one plan in a file`,
		"":                                                  `plan.yaml: nothing is in it: want keys such as mech: pipe`,
		"# none\n":                                          `plan.yaml: nothing is in it`,
		"mech: [pipe\nsize: 64\n":                           `plan.yaml:1: did not find expected ',' or ']': want YAML`,
		"mech: pipe\n size: 64\n":                           `plan.yaml:2: mapping values are not allowed in this context: want YAML`,
		"thresholds: [{cells: 'a//b', percent: 5}]\n": `plan.yaml:1:22: cells "a//b": want parts of a cell's name with / between them, as in PingPong/*/size=64`,
		"thresholds: [{cells: '*', percent: 0}]\n":    `plan.yaml:1:36: percent "0": want a number of percent from 0.1 to 1000, as in 10`,
		"thresholds: [{cells: '*'}]\n":                `plan.yaml:1:14: want both cells and percent`,
		"thresholds: 5\n":                             `plan.yaml:1:13: thresholds: want a list of them, each with a - in front`,
		"note: \"a\x1b[2J\"\n":                        `plan.yaml: control characters are not allowed: want YAML`,
		"mech: \"\\e[2J\"\n":                          `plan.yaml:1:7: mech "\\x1b[2J": `,
		strings.Repeat("#", maxPlan+1):                `plan.yaml: longer than 64KiB: want a plan`,
	} {
		_, err := ParsePlan("plan.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%.60q:\n%v\nwant\n%s", text, err, want)
		}
	}
}

// Every axis that a plan may ask for is a key of a plan and of its blocks, and stands
// in the schema: a new axis needs no line here.
func TestEveryAxisIsAKey(t *testing.T) {
	before := results.Axes
	defer func() { results.Axes = before }()
	results.Axes = append(slices.Clone(before), results.Axis{Key: "stack", Help: "pages of a stack", Link: true, Least: 1, Most: 8})
	definitions := PlanSchema()["definitions"].(map[string]any)
	for i := range results.Axes {
		x := &results.Axes[i]
		if x.Found {
			continue
		}
		for _, keys := range [][]PlanKey{PlanKeys(), blockKeys()} {
			if !slices.ContainsFunc(keys, func(k PlanKey) bool { return k.Name == x.Key && k.Flag && k.List }) {
				t.Errorf("%s is no key of %d", x.Key, len(keys))
			}
		}
		if definitions[x.Key] == nil {
			t.Errorf("%s is not in the schema", x.Key)
		}
	}
	f, err := ParsePlan("plan.yaml", []byte("blocks: [{workload: stream, mech: pipe, stack: [2, 8]}]"))
	if err != nil {
		t.Fatal(err)
	}
	stacks := map[string]bool{}
	for _, a := range f.preset("p").Spans() {
		for _, c := range a.Cells() {
			stacks[c.Value("stack")] = true
		}
	}
	if len(stacks) != 2 || !stacks["2"] || !stacks["8"] {
		t.Errorf("stacks %v", stacks)
	}
	if _, err := ParsePlan("plan.yaml", []byte("stack: 9")); err == nil || !strings.Contains(err.Error(), `1:8: stack "9": want a whole number from 1 to 8`) {
		t.Error(err)
	}
}

// A plan comes back from the text that is written of it.
func TestPlanComesBack(t *testing.T) {
	for _, text := range []string{wholePlan, "blocks:\n  - workload: fanin\n    size: [1, 2]\n  - floor: gochan\nlabel: \"10\"\n"} {
		f, err := ParsePlan("plan.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out, err := f.With(f.given)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePlan("plan.yaml", out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, key := range PlanKeys() {
			if !slices.Equal(again.Given(key.Name), f.Given(key.Name)) {
				t.Errorf("%s is %q, was %q", key.Name, again.Given(key.Name), f.Given(key.Name))
			}
		}
		if !slices.Equal(again.Thresholds, f.Thresholds) || len(again.Blocks) != len(f.Blocks) {
			t.Errorf("%s\nwas\n%s", out, text)
		}
	}
}

// What makes a small file large, or a reader deep, ends in an error soon.
func TestPlanIsBounded(t *testing.T) {
	begin := time.Now()
	for _, part := range []string{"[", "{", "- ", "a: [", "{a: ", "? ", "&a ", "*a ", "!", "'", "\"", "|\n", "a: 1\n", "wait: [" + strings.Repeat("poll, ", 200) + "poll]\ntouch: [" + strings.Repeat("read, ", 200) + "read]\n"} {
		text := strings.Repeat(part, maxPlan/len(part))
		if strings.HasPrefix(part, "wait") {
			text = "blocks:\n  - workload: stream\n    " + strings.ReplaceAll(part, "\n", "\n    ")
		}
		if _, err := ParsePlan("plan.yaml", []byte(text)); err == nil || len(err.Error()) > 5<<10 {
			t.Errorf("%.20q is taken, or the error is long", part)
		}
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func TestReadPlan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(path, []byte("mech: pipe\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := ReadPlan(path); err != nil || f.Path != path || !slices.Equal(f.Given("mech"), []string{"pipe"}) {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := ReadPlan(path + "x"); !os.IsNotExist(err) {
		t.Error(err)
	}
	if _, err := ReadPlan("/dev/zero"); err == nil || !strings.Contains(err.Error(), "longer than 64KiB") {
		t.Error(err)
	}
}

// Whatever a file holds, there is a plan whose values a command line could have
// given, or an error of one line.
func FuzzParsePlan(f *testing.F) {
	f.Add(wholePlan)
	f.Add("blocks:\n  - floor: gochan\n")
	for _, name := range PresetNames {
		text, err := PresetText(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePlan("plan.yaml", []byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "plan.yaml:") {
				t.Errorf("%q", err)
			}
			return
		}
		for _, threshold := range p.Thresholds {
			if threshold.Share < 0.001 || threshold.Share > MaxShare || results.CheckPattern(threshold.Cells) != nil {
				t.Errorf("%+v", threshold)
			}
		}
		if _, err := p.With(p.given); err != nil {
			t.Error(err)
		}
	})
}

// The plans that the documents show are plans.
func TestDocumentedPlans(t *testing.T) {
	text, err := os.ReadFile("../docs/usage.md")
	if err != nil {
		t.Fatal(err)
	}
	var plans []string
	for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if !strings.Contains(block, "\ncommand:") && !strings.Contains(block, "\njobs:") { // a transport's declaration, a workflow
			plans = append(plans, block)
		}
	}
	for _, plan := range plans {
		if _, err := ParsePlan("docs/usage.md", []byte(plan)); err != nil {
			t.Error(err)
		}
	}
	if len(plans) == 0 {
		t.Error("docs/usage.md shows no plan")
	}
	for _, key := range PlanKeys() {
		if !strings.Contains(string(text), "`"+key.Name+"`") && !strings.Contains(string(text), "`--"+key.Name+"`") {
			t.Errorf("docs/usage.md does not name the key %s", key.Name)
		}
	}
}
