package need

import (
	"runtime"
	"testing"
)

// fake is a test that notes how it ended.
type fake struct {
	testing.TB
	skipped, failed string
}

func (f *fake) Helper()          {}
func (f *fake) Skip(why ...any)  { f.skipped = why[0].(string); runtime.Goexit() }
func (f *fake) Fatal(why ...any) { f.failed = why[0].(string); runtime.Goexit() }

// What is missing skips a test, and fails it where it is required.
func TestMissing(t *testing.T) {
	for require, fails := range map[string]bool{"": false, "chromium": false, "qemu": false, "qemu-user": true, "chromium,qemu-user": true} {
		t.Setenv("IPCBENCH_REQUIRE", require)
		f, done := &fake{}, make(chan bool)
		go func() {
			defer close(done)
			Missing(f, "qemu-user", "why")
		}()
		<-done
		if (f.failed == "why") != fails || (f.skipped == "why") == fails {
			t.Errorf("IPCBENCH_REQUIRE=%q: failed %q, skipped %q", require, f.failed, f.skipped)
		}
	}
}
