package profile

import (
	"bytes"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// Read gives back what Write wrote, and refuses what is no profile.
func TestFile(t *testing.T) {
	p := made(t, "old", "ping: A;b 10", "pong: c 20")
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(text.Bytes()))
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v, want %+v", got, err, p)
	}
	whole := text.String()
	for what, change := range map[string][2]string{
		"names no kernel":    {`"kernel": "old"`, `"kernel": ""`},
		"ops 0":              {`"ops": 1`, `"ops": 0`},
		"no profile":         {`{`, `[`},
		"-10 instructions":   {`"insns": 10`, `"insns": -10`},
		"path 2":             {`"insns": 20`, `"insns": 9223372036854775807`},
		"counted_insns_op -": {`"counted_insns_op": 0`, `"counted_insns_op": -1`},
	} {
		bad := strings.Replace(whole, change[0], change[1], 1)
		if _, err := Read(strings.NewReader(bad)); bad == whole || err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, bad := range []string{"", "{}", `{"kernel":"a","cell":"b","ops":1,"paths":[{"task":"a","calls":[],"insns":1}]}`, `{"kernel":"a","cell":"b","ops":1,"paths":[]}`} {
		if _, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// Folded stacks count a thousand operations, and no name ends a frame or a line.
func TestFolded(t *testing.T) {
	old, new := made(t, "old", "ping: A;b 10", "pong: c 20"), made(t, "new", "ping: A;b 30", "ping: A;d 1")
	new.Ops = 4
	new.Paths[1].Calls[1].Name = "d e;f\n\x1b"
	var one, two strings.Builder
	if err := WriteFolded(&one, nil, new); err != nil {
		t.Fatal(err)
	}
	if err := WriteFolded(&two, old, new); err != nil {
		t.Fatal(err)
	}
	if want := "ping;A;b 7500\nping;A;d_e_f\\n\\x1b 250\n"; one.String() != want {
		t.Errorf("%q, want %q", one.String(), want)
	}
	if want := "ping;A;b 10000 7500\nping;A;d_e_f\\n\\x1b 0 250\npong;c 20000 0\n"; two.String() != want {
		t.Errorf("%q, want %q", two.String(), want)
	}
}

// Profiles of pprof count a thousand operations, so that rounds of different lengths
// can be subtracted.
func TestPprof(t *testing.T) {
	old, new := made(t, "old", "ping: A;b 12980", "pong: c 500"), made(t, "new", "ping: A;b 34659", "pong: c 1500")
	new.Ops = 3
	dir := t.TempDir()
	for _, p := range []*Profile{old, new} {
		var first, second bytes.Buffer
		for _, w := range []*bytes.Buffer{&first, &second} {
			if err := p.WritePprof(w); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("equal profiles give different bytes")
		}
		if err := os.WriteFile(filepath.Join(dir, p.Kernel+".pb.gz"), first.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := profile.Parse(&first)
		if err != nil {
			t.Fatal(err)
		}
		if err := read.CheckValid(); err != nil || len(read.Comments) != 2 || read.Mapping[0].File != "[kernel]" || !read.Mapping[1].HasFunctions {
			t.Errorf("%s: %v, %v", p.Kernel, err, read)
		}
		sum := int64(0)
		for _, s := range read.Sample {
			sum += s.Value[0]
		}
		if want := 1000 * p.PerOp(); math.Abs(float64(sum)-want) > 2 {
			t.Errorf("%s: %d, want %.0f", p.Kernel, sum, want)
		}
		if s := read.Sample[0]; s.Location[0].Line[0].Function.Name != "b" || s.Location[1].Line[0].Function.Name != "A" || s.Label["task"][0] != "ping" || read.SampleType[0].Type != "instructions" {
			t.Errorf("%s: %v", p.Kernel, read)
		}
	}
	// As -diff_base does it.
	both := make([]*profile.Profile, 2)
	for i, p := range []*Profile{new, old} {
		text, err := os.ReadFile(filepath.Join(dir, p.Kernel+".pb.gz"))
		if err == nil {
			both[i], err = profile.ParseData(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	both[1].Scale(-1)
	difference, err := profile.Merge(both)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, s := range difference.Sample {
		got[s.Location[0].Line[0].Function.Name] += s.Value[0]
	}
	if want := map[string]int64{"b": -1427000}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
