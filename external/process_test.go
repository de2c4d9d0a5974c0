package external

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel's error speaks of a script where its interpreter is missing.
func TestUnstarted(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		text string
		err  error
		want string
	}{
		{"#!/usr/bin/pyton3 -u\nprint()\n", unix.ENOENT, "its interpreter /usr/bin/pyton3: no such file or directory"},
		{"print()\n", unix.ENOEXEC, "its first line names no interpreter, as #!/usr/bin/python3 does: exec format error"},
		{"\x7fELF", unix.EACCES, "permission denied"},
	} {
		path := filepath.Join(dir, "mine")
		if err := os.WriteFile(path, []byte(test.text), 0o700); err != nil {
			t.Fatal(err)
		}
		if got := unstarted(path, test.err).Error(); !strings.HasSuffix(got, test.want) {
			t.Errorf("%q: %q, want it to end with %q", test.text, got, test.want)
		}
	}
	if got := unstarted(filepath.Join(dir, "absent"), unix.ENOENT); got != unix.ENOENT {
		t.Errorf("no file: %v", got)
	}
}
