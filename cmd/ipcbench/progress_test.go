package main

import (
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		done, launches int
		took           time.Duration
		want           string
	}{
		{0, 40, 0, "[                              ] 0 of 40 launches"},
		{10, 40, 20 * time.Second, "[=======                       ] 10 of 40 launches, 1m0s left"},
		{40, 40, time.Minute, "[==============================] 40 of 40 launches, 0s left"},
		{0, 0, 0, "[                              ] 0 of 0 launches"},
	} {
		if got := progressLine(c.done, c.launches, c.took); got != c.want {
			t.Errorf("%d of %d after %v:\n%s\nwant\n%s", c.done, c.launches, c.took, got, c.want)
		}
	}
}
