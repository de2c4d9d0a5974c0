package results

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A FIFO is read as a file is, and what ends the context ends the wait for one that
// nothing opens for writing.
func TestInputOfFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			f.WriteString("BenchmarkGrind-4 100 5 ns/op\n")
			f.Close()
		}
	}()
	in, err := OpenInput(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if head := string(in.Head()); !strings.HasPrefix(head, "BenchmarkGrind") {
		t.Errorf("it begins with %q", head)
	}
	n := 0
	if set, err := in.Scan(func(*Record) { n++ }); err != nil || n != 1 || set.Nothing() != "" {
		t.Errorf("%d records, %v", n, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	if in, err = OpenInput(ctx, path); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := in.Digest(nil); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("without a writer: %v", err)
	}
}
