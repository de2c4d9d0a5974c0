package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/internal/text"
	"ipcbench/kernels/profile"
)

// profiled is a profile of a kernel: write takes so many instructions of two
// operations, gone and came where they have any.
func profiled(kernel string, write, gone, came int64) *profile.Profile {
	p := &profile.Profile{Kernel: kernel, Cell: "PingPong/mech=pipe/size=64/queue=default/place=same", Seed: 1, QEMU: "7.2", Ops: 2, Counted: 1}
	for _, task := range []string{"ping", "pong"} {
		for _, path := range []struct {
			calls string
			insns int64
		}{{"entry do_syscall pipe_write", write}, {"entry do_syscall pipe_write wake", 300}, {"entry do_syscall gone", gone}, {"entry do_syscall pipe_read came", came}, {"entry", 200}} {
			var calls []profile.Function
			for name := range strings.FieldsSeq(path.calls) {
				calls = append(calls, profile.Function{Name: name})
			}
			if path.insns > 0 {
				p.Paths = append(p.Paths, profile.Path{Task: task, Calls: calls, Insns: path.insns})
			}
		}
		p.Paths = append(p.Paths, profile.Path{Task: task, Calls: []profile.Function{{Name: "example/cmd/main.play", User: true}}, Insns: 100})
	}
	return p
}

func whyText(t *testing.T, format string, old, new *profile.Profile) string {
	t.Helper()
	var b strings.Builder
	if err := WriteWhy(&b, format, text.Screen{}, old, new); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The rows of the table add up to the total, with what has no row of its own.
func TestWhyText(t *testing.T) {
	old := profiled("old", 1000, 400, 0)
	for i := range 30 { // more than there are lines
		old.Paths = append(old.Paths, profile.Path{Task: "ping", Calls: []profile.Function{{Name: "entry"}, {Name: fmt.Sprint("small", i)}}, Insns: int64(20 + i)})
	}
	got := whyText(t, "text", old, profiled("new", 600, 0, 900))
	_, functions, _ := strings.Cut(got, "\nfunction")
	functions, paths, _ := strings.Cut(functions, "\n\n")
	sum, rows := 0.0, regexp.MustCompile(`(?m)^(\S.*?) {2,}\S+ +\S+ +([-+][\d.]+)(?: .*)?$`).FindAllStringSubmatch(functions, -1)
	for _, r := range rows {
		v, err := strconv.ParseFloat(r[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += v
	}
	total := regexp.MustCompile(`profiled round +\S+ +\S+ +(\S+)`).FindStringSubmatch(got)
	if total == nil || len(rows) != whyFunctions+1 || fmt.Sprintf("%+.1f", sum) != total[1] {
		t.Errorf("%d rows come to %+.1f, in all %v:\n%s", len(rows), sum, total, got)
	}
	for _, want := range []string{`the same round, not profiled +1\.0 +1\.0 +\+0\.0 +\+0\.0 %`, `(?m)^came +0\.0 +900\.0 +\+900\.0 +\+900\.0$`, `(?m)^\d+ other functions `} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if !regexp.MustCompile(`(?m)^ +pipe_read → came +0\.0 +450\.0 +\+450\.0$`).MatchString(paths) {
		t.Errorf("no path of came in\n%s", paths)
	}
}

// Of one kernel there is a share in place of a change, and in JSON no old kernel.
func TestWhyOne(t *testing.T) {
	got := whyText(t, "text", nil, profiled("new", 600, 0, 900))
	if !regexp.MustCompile(`(?m)^came +900\.0 +42\.9 % +900\.0$`).MatchString(got) || strings.Contains(got, "change") {
		t.Error(got)
	}
	var c map[string]any
	if err := json.Unmarshal([]byte(whyText(t, "json", nil, profiled("new", 600, 0, 900))), &c); err != nil || c["old"] != nil || c["new"] == nil {
		t.Errorf("%v, %v", c, err)
	}
}

// Names of a hostile file are text in every form.
func TestWhyHostile(t *testing.T) {
	const evil = "<script>x</script>|`a`\x1b[31m\nb;c"
	p := profiled(evil, 600, 0, 900)
	p.Cell, p.QEMU, p.Paths[0].Task, p.Paths[0].Calls[0].Name = evil, evil, evil, evil
	for _, format := range WhyFormats {
		if got := whyText(t, format, nil, p); strings.Contains(got, "\x1b") || format == "markdown" && strings.Contains(got, "<script") {
			t.Errorf("%s: %q", format, got)
		}
	}
	var page bytes.Buffer
	if err := WriteWhyPage(&page, nil, p); err != nil || strings.Contains(page.String(), "<script>x") || strings.Contains(page.String(), "\x1b") {
		t.Error(err, page.String())
	}
}

// A frame lies within its caller, calls do not overlap, and what is gone has a frame.
func TestFlames(t *testing.T) {
	c, err := profile.Compare(profiled("old", 1000, 400, 0), profiled("new", 600, 0, 900))
	if err != nil {
		t.Fatal(err)
	}
	all := flames(c)
	if len(all) != 2 || all[0].Task != "ping" {
		t.Fatalf("%+v", all)
	}
	classes := map[string]string{}
	for i, f := range all[0].Frames {
		classes[f.Name] = f.Class
		inside := f.Y == 0
		for _, g := range all[0].Frames[:i] {
			if g.Y == f.Y-frameHeight && g.X <= f.X+1e-3 && g.X+g.Width >= f.X+f.Width-2e-3 {
				inside = true
			}
			if g.Y == f.Y && math.Min(f.X+f.Width, g.X+g.Width)-math.Max(f.X, g.X) > 2e-3 {
				t.Errorf("%+v overlaps %+v", f, g)
			}
		}
		if !inside {
			t.Errorf("%+v lies below no caller: %+v", f, all[0].Frames)
		}
	}
	for name, class := range map[string]string{"pipe_write": "less4", "gone": "less4", "came": "more4", "wake": "same", "main.play": "same"} {
		if classes[name] != class {
			t.Errorf("%s has the color %q, want %q", name, classes[name], class)
		}
	}
}

// In a browser a frame shows its function, old, new and change when it is pointed at
// or tapped, and a click makes it as wide as its graph; in every width and scheme.
func TestWhyPageInBrowser(t *testing.T) {
	need.Time(t)
	b := openWritten(t, func(w io.Writer) error {
		return WriteWhyPage(w, profiled("old", 1000, 400, 0), profiled("new", 600, 0, 900))
	})
	for _, width := range []int64{1200, 400} {
		for _, scheme := range []string{"light", "dark"} {
			b.show(width, scheme, "")
			is(b, true, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
			is(b, 2, `document.querySelectorAll("#flames > svg.flame").length`)
			is(b, true, `getComputedStyle(document.querySelector(".flame .more4 > rect")).fill !== getComputedStyle(document.querySelector(".flame .less4 > rect")).fill`)
		}
	}
	const frame = `[...document.querySelectorAll("#flames > svg.flame")[0].children].find(f => f.querySelector("text").textContent === %q)`
	came, top := fmt.Sprintf(frame, "came"), fmt.Sprintf(frame, "ping")
	run[bool](b, came+`.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}))`)
	is(b, "came: 0.0 → 450.0 insns/op, change +450.0; itself 0.0 → 450.0", `document.querySelector("#detail").textContent`)
	before := run[float64](b, came+`.getBoundingClientRect().width`)
	run[bool](b, came+`.dispatchEvent(new MouseEvent("click", {bubbles: true}))`)
	is(b, true, fmt.Sprintf(`Math.abs(%s.getBoundingClientRect().width - %s.getBoundingClientRect().width) < 1`, came, top))
	is(b, true, fmt.Sprintf(frame, "gone")+`.getBoundingClientRect().width === 0`)
	run[bool](b, top+`.dispatchEvent(new MouseEvent("click", {bubbles: true}))`)
	is(b, true, fmt.Sprintf(`Math.abs(%s.getBoundingClientRect().width - %v) < 1`, came, before))
	b.quiet()
}
