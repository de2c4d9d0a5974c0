// Package compressed is what reads and writes compressed records. A program that does
// so links package internal/compressed/zstd, which sets both functions.
//
// A worker needs neither, and package zstd imports log: of the packages that are ready,
// Go initialises the first by import path, and all that draws pictures comes before log.
// With zstd in package results, a worker began behind that: gonum.org/v1/plot took 2.9 ms.
package compressed

import (
	"errors"
	"io"
)

// NewWriter returns a writer that compresses what is written to it, and writes it to w.
// What it compresses refers back by at most window bytes. Close ends it.
var NewWriter = func(w io.Writer, window int) (io.WriteCloser, error) { return nil, errNotLinked }

// NewReader returns a reader of what r has compressed. A text that refers back by more
// than window bytes is an error.
var NewReader = func(r io.Reader, window uint64) (Reader, error) { return nil, errNotLinked }

// Reader reads what was compressed. Close gives up its memory.
type Reader interface {
	io.Reader
	Close()
}

var errNotLinked = errors.New("this program reads no compressed records: it lacks package internal/compressed/zstd")
