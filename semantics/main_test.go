package semantics

import (
	"os"
	"testing"

	"ipcbench/internal/apart"
)

func TestMain(m *testing.M) {
	Init()
	apart.Enter() // what others make meanwhile is not left behind by a test
	os.Exit(inState(m.Run))
}

// state is where the journals of the tests are.
var state string

func inState(run func() int) int {
	if state = os.Getenv("XDG_STATE_HOME"); os.Getenv("IPCBENCH_TEST_VICTIM") != "" {
		return run() // in that of the test which started this process
	}
	var err error
	if state, err = os.MkdirTemp("", "ipcbench-state-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(state)
	os.Setenv("XDG_STATE_HOME", state)
	return run()
}
