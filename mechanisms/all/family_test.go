package all

import (
	"os"
	"path/filepath"
	"testing"

	"ipcbench/mechanisms"
)

// A mechanism's family is the folder that has its file, whatever makes its links.
func TestFamilyIsTheFolder(t *testing.T) {
	seen := map[string]int{}
	for _, m := range mechanisms.All() {
		seen[m.Family()]++
	}
	for family, n := range seen {
		if files, err := filepath.Glob(filepath.Join("..", family, "*.go")); err != nil || len(files) < n/2 {
			t.Errorf("family %s of %d mechanisms: %d files, %v", family, n, len(files), err)
		}
	}
	for _, m := range mechanisms.All() {
		own := filepath.Join("..", m.Family(), m.Name+".go")
		if _, err := os.Stat(own); err != nil && m.Name != "unixdgramsock" { // whose file is unixdgram.go
			t.Errorf("%s of the family %s: %v", m.Name, m.Family(), err)
		}
	}
	if len(seen) < 5 {
		t.Errorf("families %v: want those of this package's imports", seen)
	}
}
