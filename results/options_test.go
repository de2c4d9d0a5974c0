package results

import (
	"reflect"
	"testing"
)

// Every field of a cell is on an axis: cells that differ in one have other names.
func TestEveryFieldIsOnAnAxis(t *testing.T) {
	usual := Cell{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Cell]()) {
		if field.Anonymous || field.Tag.Get("json") == "-" {
			continue
		}
		c := usual
		switch v := reflect.ValueOf(&c).Elem().FieldByIndex(field.Index); v.Kind() {
		case reflect.String:
			v.SetString("other")
		case reflect.Int:
			v.SetInt(2)
		case reflect.Bool:
			v.SetBool(true)
		}
		if (c.Name() == usual.Name()) != (field.Name == "Further") { // which is text of axes by their keys
			t.Errorf("%s: %s", field.Name, c.Name())
		}
	}
}

func TestOptionsAreInNames(t *testing.T) {
	c := Cell{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"}
	for _, test := range []struct {
		name    string
		peers   int
		options Options
	}{
		{"", 0, Options{}},
		{"/wait=epoll", 0, Options{Wait: "epoll"}},
		{"/peers=3/batch=16", 3, Options{Batch: 16}},
		{"/touch=read/copy=0/memory=huge", 0, Options{Touch: "read", InPlace: true, Memory: "huge"}},
		{"/peers=2/wait=spin/batch=2/touch=write/copy=0/memory=file/rate=1000", 2,
			Options{Wait: "spin", Batch: 2, Touch: "write", InPlace: true, Memory: "file", Rate: 1000}},
	} {
		c.Peers, c.Options = test.peers, test.options
		name := "Stream/mech=pipe/size=64/queue=default/place=same" + test.name
		if got := c.Name(); got != name {
			t.Errorf("name %s, want %s", got, name)
		}
		if got, err := ParseCell(name); err != nil || got != c {
			t.Errorf("%s is read as %+v, %v", name, got, err)
		}
	}
}

func TestOptionsThatAreNone(t *testing.T) {
	for _, rest := range []string{"/copy=1", "/copy=", "/batch=0", "/batch=x", "/batch=2/wait=poll", "/wait=poll/wait=poll", "/wait=EPOLL", "/depth=1"} {
		if c, err := ParseCell("Stream/mech=pipe/size=64/queue=default/place=same" + rest); err == nil {
			t.Errorf("%s is read as %+v", rest, c.Options)
		}
	}
}

func TestCellsSortByOptions(t *testing.T) {
	order := []Options{{}, {Rate: 900}, {Rate: 1000}, {Batch: 2}, {Wait: "poll"}}
	for i, a := range order {
		for j, b := range order {
			if got := compareOptions(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%v against %v: %d", a, b, got)
			}
		}
	}
}

func TestWithoutAnOption(t *testing.T) {
	all := Options{Wait: "spin", Batch: 2, Touch: "write", InPlace: true, Memory: "file", Rate: 1000}
	for _, x := range Axes {
		if all.Value(x.Key) == "" {
			continue
		}
		key := x.Key
		n := len(all.Parts())
		if all = all.Without(key); len(all.Parts()) != n-1 {
			t.Errorf("without %s: %v", key, all)
		}
	}
	if all != (Options{}) {
		t.Errorf("left: %v", all)
	}
}
