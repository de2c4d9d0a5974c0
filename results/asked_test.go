package results

import (
	"strings"
	"testing"
)

// A cell as people type it is the one whose other keys are at their usual value.
func TestAskedCell(t *testing.T) {
	for text, want := range map[string]string{
		"Floor/call": "Floor/mech=call/size=64/queue=default/place=same",
		"floor/wake": "Floor/mech=wake/size=64/queue=default/place=same",
		"PingPong/mech=pipe/place=cross/size=4KiB":                      "PingPong/mech=pipe/size=4KiB/queue=default/place=cross",
		"PingPong/pipe/batch=4/queue=64KiB":                             "PingPong/mech=pipe/size=64/queue=64KiB/place=same/batch=4",
		"PingPong/mech=pipe/size=64/queue=default/place=same/wait=poll": "PingPong/mech=pipe/size=64/queue=default/place=same/wait=poll",
	} {
		if c, err := AskedCell(text); err != nil || c.Name() != want {
			t.Errorf("%s: %s, %v, want %s", text, c.Name(), err, want)
		}
	}
	for text, want := range map[string]string{
		"":                       "is not a cell",
		"PingPong":               "want mech=…",
		"PingPong/pipe/4KiB":     "4KiB is no KEY=VALUE",
		"PingPong/pipe/colour=1": "colour=1 is no KEY=VALUE",
		"PingPong/pipe/size=0":   "size",
	} {
		if _, err := AskedCell(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
