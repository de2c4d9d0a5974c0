package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"ipcbench/results"
	"ipcbench/semantics"
)

// inputs opens what a command reads, each once: what a pipe has given does not
// come again. The first signal ends a wait for it.
type inputs struct {
	ctx    context.Context
	lock   sync.Mutex
	opened map[string]*results.Input // of which the beginning was looked at
	stdin  bool                      // standard input was opened
}

func newInputs(ctx context.Context) *inputs {
	return &inputs{ctx: ctx, opened: map[string]*results.Input{}}
}

// open opens a path, or hands over what isReport opened.
func (i *inputs) open(path string) (*results.Input, error) {
	i.lock.Lock()
	in, again := i.opened[path], path == results.Stdin && i.stdin
	delete(i.opened, path)
	i.stdin = i.stdin || path == results.Stdin
	i.lock.Unlock() // to open a FIFO may wait for what another side reads
	switch {
	case in != nil:
		return in, nil
	case again:
		return nil, fmt.Errorf("%s is standard input, which can be read once: name a file for the other", path)
	}
	return results.OpenInput(i.ctx, path)
}

// isReport reports whether a path is a report of statements: such a file, or a
// directory that has one and no records. It opens a file.
func (i *inputs) isReport(path string) bool {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		_, records := os.Stat(filepath.Join(path, results.RecordsFile))
		_, report := os.Stat(filepath.Join(path, semantics.File))
		return records != nil && report == nil
	} else if err != nil && path != results.Stdin {
		return false
	}
	if i.opened[path] == nil {
		in, err := i.open(path)
		if err != nil {
			return false // the reader says so
		}
		i.opened[path] = in
	}
	return bytes.Contains(i.opened[path].Head(), []byte(`"ipcbench-semantics-`)) || filepath.Base(path) == semantics.File
}

// statements reads a report of statements.
func (i *inputs) statements(path string) (*semantics.Report, error) {
	in := i.opened[path]
	if in == nil {
		return semantics.ReadFile(i.ctx, path)
	}
	delete(i.opened, path)
	defer in.Close()
	r, err := semantics.Read(in.Text())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", results.Quote(path), err)
	}
	return r, nil
}

// isStream reports whether a path can be read only once: a pipe, a terminal.
func isStream(path string) bool {
	info, err := os.Stat(path)
	return path == results.Stdin || err == nil && !info.Mode().IsRegular() && !info.IsDir()
}
