package semantics

import (
	"os"
	"testing"

	"ipcbench/internal/apart"
)

func TestMain(m *testing.M) {
	Init()
	apart.Enter() // what others make meanwhile is not left behind by a test
	os.Exit(m.Run())
}
