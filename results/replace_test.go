package results

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What stands in the way of a file that is written beside another is replaced, and
// not opened: a link leads to the records, and a FIFO has no reader.
func TestWriteFileOpensNothingBeside(t *testing.T) {
	for name, plant := range map[string]func(path string) error{
		"a link": func(path string) error { return os.Symlink(RecordsFile, path) },
		"a FIFO": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a file": func(path string) error { return os.WriteFile(path, []byte("of a killed process, and longer"), 0o600) },
	} {
		dir := t.TempDir()
		records := filepath.Join(dir, RecordsFile)
		if err := os.WriteFile(records, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := plant(filepath.Join(dir, "summary.csv.new")); err != nil {
			t.Fatal(err)
		}
		d, err := OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		err = d.WriteFile("summary.csv", func(w io.Writer) error { _, err := io.WriteString(w, "text"); return err })
		text, e := os.ReadFile(filepath.Join(dir, "summary.csv"))
		if err != nil || e != nil || string(text) != "text" {
			t.Errorf("%s: %q, %v, %v", name, text, err, e)
		}
		if text, err := os.ReadFile(records); err != nil || string(text) != "precious" {
			t.Errorf("%s: the records are %q, %v", name, text, err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
