package plots

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/image/font"
	"gonum.org/v1/plot/vg"

	"ipcbench/internal/golden"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/all"
)

func svg(t *testing.T, c *Chart) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSVG(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// charts are those of a report that compares two runs.
func charts(t *testing.T) (all []Chart) {
	t.Helper()
	text, err := os.ReadFile("testdata/charts.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// chart is the one of that ID.
func chart(t *testing.T, id string) *Chart {
	t.Helper()
	for _, c := range charts(t) {
		if c.ID == id {
			return &c
		}
	}
	t.Fatalf("there is no chart %s", id)
	return nil
}

func TestGoldenPictures(t *testing.T) {
	for _, id := range []string{"latency-pingpong-same-default", "place-pingpong-default-64", "forest"} {
		golden.Check(t, id+".svg", svg(t, chart(t, id)))
	}
}

func TestEqualChartsGiveEqualBytes(t *testing.T) {
	var one []Chart // of each family
	for _, c := range charts(t) {
		if !slices.ContainsFunc(one, func(o Chart) bool { return o.Family == c.Family }) {
			one = append(one, c)
		}
	}
	var before [][]byte
	for range 2 {
		var now [][]byte
		for _, c := range one {
			var b bytes.Buffer
			if err := WritePNG(&b, &c); err != nil {
				t.Fatal(err)
			}
			if config, err := png.DecodeConfig(bytes.NewReader(b.Bytes())); err != nil || config.Width != int(pictureWidth)*dpi/72 {
				t.Errorf("%s is no PNG of the width: %+v, %v", c.ID, config, err)
			}
			now = append(now, svg(t, &c), b.Bytes())
		}
		for i := range before {
			if !bytes.Equal(before[i], now[i]) {
				t.Errorf("picture %d differs from the one before", i)
			}
		}
		before = now
	}
	if len(one) < 5 {
		t.Errorf("%d pictures, want more", len(one))
	}
}

// label of a picture, where it stands.
type placed struct {
	text           string
	x, y, width, h float64
}

// texts reads the level text of a picture; an SVG that is not XML fails.
func texts(t *testing.T, picture []byte) (out []placed) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(picture))
	rotated := 0
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, picture)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "g":
			for _, a := range start.Attr {
				if strings.HasPrefix(a.Value, "rotate") {
					rotated = 1
				}
			}
		case "script", "image", "foreignObject", "a":
			t.Errorf("the picture has an element %s", start.Name.Local)
		case "text":
			p := placed{}
			size := 0.0
			for _, a := range start.Attr {
				switch a.Name.Local {
				case "x":
					p.x, _ = strconv.ParseFloat(a.Value, 64)
				case "y":
					p.y, _ = strconv.ParseFloat(a.Value, 64)
				case "style":
					_, rest, _ := strings.Cut(a.Value, "font-size:")
					number, _, _ := strings.Cut(rest, "px")
					size, _ = strconv.ParseFloat(number, 64)
					if strings.Contains(a.Value, "bold") {
						p.h = size // weight is wider: see below
					}
				}
			}
			if err := dec.DecodeElement(&p.text, &start); err != nil {
				t.Fatal(err)
			}
			weight := font.WeightNormal
			if p.h > 0 {
				weight = font.WeightBold
			}
			p.h = size
			p.width = float64(textStyle(vg.Length(size), ink, weight).Width(p.text))
			if rotated > 0 { // the label of the vertical axis, which is alone
				rotated = 0
				continue
			}
			out = append(out, p)
		}
	}
}

// No text is cut at the edge, and none lies on another.
func TestTextHasRoom(t *testing.T) {
	crowd := Chart{ID: "crowd", Title: strings.Repeat("A long title ", 20), Note: strings.Repeat("note", 300), Kind: Lines, X: Axis{Label: "message size", Unit: Bytes, Log: true},
		Y: Axis{Label: "time", Unit: Nanoseconds, Log: true}}
	for i := range 12 {
		crowd.Lines = append(crowd.Lines, Line{Name: fmt.Sprintf("mechanism%d", i), Look: LookOf(fmt.Sprint(i)), Points: []Point{{X: 64, Y: 100}, {X: 128, Y: 1000 + float64(i), Lo: 900, Hi: 1100}}})
		crowd.Missing = append(crowd.Missing, Missing{Line: fmt.Sprint(i), X: 64, Reason: strings.Repeat("reason ", 99)})
	}
	for _, c := range append(charts(t), crowd) {
		f, err := newFigure(&c)
		if err != nil {
			t.Fatal(err)
		}
		all := texts(t, svg(t, &c))
		if len(all) < 5 {
			t.Errorf("%s has %d texts", c.ID, len(all))
		}
		for i, a := range all {
			if a.x < 0 || a.x+a.width > float64(f.width) || a.y > 0 || -a.y > float64(f.height) {
				t.Errorf("%s: %q is cut: at %g, %g, %g wide", c.ID, a.text, a.x, a.y, a.width)
			}
			for _, b := range all[:i] {
				if a.x < b.x+b.width && b.x < a.x+a.width && math.Abs(a.y-b.y) < 0.8*math.Min(a.h, b.h) {
					t.Errorf("%s: %q lies on %q", c.ID, a.text, b.text)
				}
			}
		}
	}
}

// A value that an axis has no place for is named below the picture.
func TestWhatCannotBeDrawn(t *testing.T) {
	c := Chart{ID: "x", Title: "t", Kind: Lines, X: Axis{Label: "message size", Unit: Bytes, Log: true}, Y: Axis{Unit: Nanoseconds, Log: true}, Lines: []Line{
		{Name: "pipe", Points: []Point{{X: 64, Y: 10, Lo: -1, Hi: math.Inf(1)}, {X: 128, Y: 0}, {X: 256, Y: math.NaN()}, {X: 0, Y: 1}}},
		{Name: "fifo", Points: []Point{{X: 64, Y: -3}}},
	}}
	picture := string(svg(t, &c))
	for _, want := range []string{"Not shown: pipe at 128, 0 has no logarithm", "Not shown: pipe at 256, no finite number", "Not shown: fifo at 64, -3 has no logarithm"} {
		if !strings.Contains(picture, want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	c.Lines = c.Lines[1:]
	if err := WriteSVG(io.Discard, &c); err == nil {
		t.Error("a chart with nothing in it was drawn")
	}
}

func TestPicturesReportWriteErrors(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	c := chart(t, "forest")
	for name, err := range map[string]error{"SVG": WriteSVG(full, c), "PNG": WritePNG(full, c)} {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s on a full disk: %v", name, err)
		}
	}
}

// hostile is what a file from elsewhere may hold.
const hostile = "</script><script>alert(1)</script> \" ' \x1b]52;c;aGk=\x07 | `=cmd` \u202e[x](javascript:y)\nforged\r\xff</text></svg>"

func TestHostilePictures(t *testing.T) {
	for _, c := range charts(t) {
		c.Title, c.Note, c.X.Label, c.Y.Label = hostile, hostile, hostile, hostile
		for i := range c.Y.Categories {
			c.Y.Categories[i] = hostile
		}
		for i := range c.Lines {
			c.Lines[i].Name = hostile
		}
		for i := range c.Missing {
			c.Missing[i].Line, c.Missing[i].Reason = hostile, hostile
		}
		picture := svg(t, &c)
		texts(t, picture) // is XML, without an element that acts
		for _, bad := range []string{"<script", "\x1b", "\x07", "\u202e", "\xff", "\r", "\nforged"} {
			if bytes.Contains(picture, []byte(bad)) {
				t.Errorf("%q has %q", c.ID, bad)
			}
		}
	}
}

// A picture carries where its numbers come from, wherever it is shown.
func TestPicturesCarryTheirSource(t *testing.T) {
	c := chart(t, "tradeoff-pingpong-same-default-64")
	c.Source = "Example CPU, 2 CPUs, Linux 6.18, 2026-11-30, n = 10 launches"
	got := svg(t, c)
	golden.Check(t, c.ID+".svg", got)
	if !bytes.Contains(got, []byte(c.Source)) {
		t.Errorf("the picture does not have %q", c.Source)
	}
}

// Each mechanism has a family with a hue, and a look that no other has. An unknown
// one has a look all the same, the same each time.
func TestLooks(t *testing.T) {
	seen := map[Look]string{}
	for _, m := range mechanisms.All() {
		look := LookOf(m.Name)
		if other := seen[look]; other != "" || look.Color != hues[m.Family].Color {
			t.Errorf("%s, of %s, has look %v, as has %q", m.Name, m.Family, look, other)
		}
		if _, ok := hues[m.Family]; !ok {
			t.Errorf("%s has the family %q, which has no hue", m.Name, m.Family)
		}
		seen[look] = m.Name
	}
	shapesSeen := map[int]bool{}
	for _, name := range mechanisms.Core {
		shapesSeen[LookOf(name).Shape] = true
	}
	if len(shapesSeen) != 8 {
		t.Errorf("the core mechanisms have %d shapes, want 8: without colour they are told apart by these alone", len(shapesSeen))
	}
	if a, b := LookOf("carrierpigeon"), LookOf("carrierpigeon"); a != b || a.Color != unknownColor {
		t.Errorf("an unknown one looks like %v and %v", a, b)
	}
}

// Of more mechanisms than are shown at first a picture has those, and says so.
func TestBrief(t *testing.T) {
	c := *chart(t, "latency-pingpong-same-default")
	n := len(c.Lines)
	c.Shown = []string{c.Lines[0].Name}
	b := c.Brief()
	if len(b.Lines) != 1 || len(c.Lines) != n || !strings.Contains(b.Note, fmt.Sprintf("1 of %d mechanisms", n)) {
		t.Errorf("%d lines of %d, note %q", len(b.Lines), n, b.Note)
	}
	d := *chart(t, "place-pingpong-default-64")
	d.Shown = []string{d.Y.Categories[0]}
	for _, l := range d.Brief().Lines {
		for _, p := range l.Points {
			if p.Y != 0 {
				t.Errorf("row %g is shown", p.Y)
			}
		}
	}
}
