package conformance

import (
	"os"
	"slices"
	"strings"
	"testing"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
)

func TestMain(m *testing.M) {
	if os.Getenv(envIdle) != "" {
		idle()
	}
	if race {
		// Each process would sleep for a second before it exits.
		os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	}
	Main(m)
}

// sound are the mechanisms that are not broken on purpose.
func sound() []*mechanisms.Mechanism {
	return slices.DeleteFunc(mechanisms.All(), func(m *mechanisms.Mechanism) bool { return strings.HasPrefix(m.Name, "broken") })
}

// quick are the mechanisms that -short tries: one on a descriptor, one on a
// message queue, one on shared memory, and one without bytes.
var quick = []string{"pipe", "sysvmsg", "shmfutex", "futex"}

// relatives are the sound mechanisms of m's family that this kernel has.
func relatives(m *mechanisms.Mechanism) []*mechanisms.Mechanism {
	return slices.DeleteFunc(sound(), func(r *mechanisms.Mechanism) bool {
		return r.Family != m.Family || r.Needs != nil && r.Needs() != nil
	})
}

// Mechanisms that share launches play all of them between them, each its part.
func TestSiblingsShareEveryLaunch(t *testing.T) {
	siblings = relatives
	t.Cleanup(func() { siblings = nil })
	for _, m := range sound() {
		all := relatives(m)
		for i, w := range bench.Workloads {
			if w.Contract != mechanisms.Messages || !w.PlaysOn(m) || !slices.Contains(all, m) {
				continue
			}
			var players []string
			for _, r := range all {
				if w.PlaysOn(r) && (&bed{m: r}).mine(i, w.PlaysOn) {
					players = append(players, r.Name)
				}
			}
			if players == nil || len(all) > share && len(players) == len(all) {
				t.Errorf("%s: of %d mechanisms of %s, %q play it", w.Name, len(all), m.Family, players)
			}
		}
	}
}

func TestConformance(t *testing.T) {
	if !need.Long() {
		siblings = relatives
		t.Cleanup(func() { siblings = nil })
	}
	for _, m := range sound() {
		t.Run(m.Name, func(t *testing.T) {
			if !slices.Contains(quick, m.Name) {
				need.Time(t)
			}
			Run(t, m)
		})
	}
}
