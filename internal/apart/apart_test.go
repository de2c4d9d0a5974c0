package apart

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	before, _ := os.Readlink("/proc/self/ns/ipc")
	if os.Getenv("IPCBENCH_TEST_BEFORE") == "" {
		os.Setenv("IPCBENCH_TEST_BEFORE", before)
	}
	Enter()
	os.Exit(m.Run())
}

// TestEnter holds Own to what /proc shows.
func TestEnter(t *testing.T) {
	now, err := os.Readlink("/proc/self/ns/ipc")
	if err != nil {
		t.Skip(err)
	}
	if before := os.Getenv("IPCBENCH_TEST_BEFORE"); Own() != (now != before) {
		t.Errorf("Own() = %v, and the IPC namespace was %s and is %s", Own(), before, now)
	}
	if !Own() {
		t.Skip("namespaces are refused here, unshare(2)")
	}
}
