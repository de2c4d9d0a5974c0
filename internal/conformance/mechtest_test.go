package conformance

import (
	"os"
	"slices"
	"strings"
	"testing"

	"ipcbench/internal/apart"
	"ipcbench/mechanisms"
	"ipcbench/runner"
)

func TestMain(m *testing.M) {
	runner.Init()
	if os.Getenv(envIdle) != "" {
		idle()
	}
	apart.Enter() // a census counts what the rules make, and nothing of others
	if race {
		// Each process would sleep for a second before it exits.
		os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	}
	os.Exit(m.Run())
}

// sound are the mechanisms that are not broken on purpose.
func sound() []*mechanisms.Mechanism {
	return slices.DeleteFunc(mechanisms.All(), func(m *mechanisms.Mechanism) bool { return strings.HasPrefix(m.Name, "broken") })
}

func TestConformance(t *testing.T) {
	for _, m := range sound() {
		t.Run(m.Name, func(t *testing.T) { Run(t, m) })
	}
}
