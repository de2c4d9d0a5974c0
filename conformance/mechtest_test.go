package conformance

import (
	"os"
	"slices"
	"strings"
	"testing"

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

func TestConformance(t *testing.T) {
	for _, m := range sound() {
		t.Run(m.Name, func(t *testing.T) {
			if !slices.Contains(quick, m.Name) {
				need.Time(t)
			}
			Run(t, m)
		})
	}
}
