package ipcbench_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pinned is an action at a commit, with its release in a comment: a tag can be moved.
var pinned = regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+(\.\d+)*$`)

// Workflows use the code that was looked at, whatever becomes of its tag.
func TestActionsArePinned(t *testing.T) {
	var files []string
	for _, pattern := range []string{".github/workflows/*.yml", "deploy/github/*.yml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || found == nil {
			t.Fatalf("%s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	files = append(files, "action.yml")
	used := 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if _, action, ok := strings.Cut(line, "uses: "); ok {
				used++
				if action = strings.TrimSpace(action); !pinned.MatchString(action) {
					t.Errorf("%s uses %s: want owner/name@COMMIT # vN", path, action)
				}
			}
		}
	}
	if used == 0 {
		t.Error("no workflow uses an action")
	}
}
