package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"ipcbench/internal/sys"
	"ipcbench/results"
)

// What a worker starts with is not what it measures with: its timers are those
// of every process, and so are those of a plain Go program from the start.
func TestMeasuringThreadHasUsualTimers(t *testing.T) {
	s := startSession(t, Options{})
	plain := pipePong
	plain.Mechanism = "pipenetpoll"
	for _, c := range []results.Cell{pipePong, plain} {
		l, err := s.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, pid := range l.PIDs() {
			slack, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", pid))
			if errors.Is(err, fs.ErrPermission) {
				t.Skip("the timer slack of another process is shown to CAP_SYS_NICE alone")
			}
			if got := strings.TrimSpace(string(slack)); err != nil || got != fmt.Sprint(sys.TimerSlack.Nanoseconds()) {
				t.Errorf("%s: %s ns of slack (%v), want %v", c.Mechanism, got, err, sys.TimerSlack)
			}
		}
		if _, err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
