// Package export writes records as tables for programs that analyse data: a row for
// each record, in the columns of results.TableColumns.
package export

import (
	"io"

	"ipcbench/results"
)

// Writer writes a table.
type Writer interface {
	// Write writes the row of a record, of a run with that header or, as nil, without.
	Write(*results.Header, *results.Record) error
	// Close writes what ends the table. Without it, no reader takes the table for whole.
	Close() error
}

// Format is a form of the table.
type Format struct {
	Name   string
	Binary bool // it is nothing for a terminal
	New    func(w io.Writer, program string) Writer
}

// Formats are all forms, the usual one first.
var Formats = []Format{
	{"parquet", true, func(w io.Writer, program string) Writer { return newParquet(w, program) }},
	{"ndjson", false, func(w io.Writer, _ string) Writer { return newNDJSON(w) }},
}
