package export

import (
	"encoding/json"
	"io"
	"time"

	"ipcbench/results"
)

// ndjson writes an object a line, with every column: a reader that looks at the first
// lines finds all.
type ndjson struct {
	w       io.Writer
	columns []results.TableColumn
	line    []byte
}

func newNDJSON(w io.Writer) *ndjson { return &ndjson{w: w, columns: results.TableColumns()} }

func (n *ndjson) Write(h *results.Header, r *results.Record) error {
	n.line = n.line[:0]
	for i := range n.columns {
		v := n.columns[i].Of(h, r)
		if t, ok := v.(time.Time); ok {
			v = t.UTC().Truncate(time.Millisecond)
		}
		value, err := json.Marshal(v)
		if err != nil {
			return err
		}
		n.line = append(append(append(append(n.line, ',', '"'), n.columns[i].Name...), '"', ':'), value...)
	}
	n.line[0] = '{'
	n.line = append(n.line, '}', '\n')
	_, err := n.w.Write(n.line)
	return err
}

func (n *ndjson) Close() error { return nil }
