package results

import (
	"bytes"
	"testing"

	"ipcbench/internal/golden"
)

func TestGolden(t *testing.T) {
	set := &Set{Header: &testHeader, Records: testRecords()}
	renderings := []struct {
		file  string
		write func(*bytes.Buffer) error
	}{
		{"bench.txt", func(b *bytes.Buffer) error { return WriteBench(b, set.Records) }},
		{"config.txt", func(b *bytes.Buffer) error {
			return WriteConfig(b, testHost, Setting{"isolation", "none"}, Setting{"seed", "42"}, Setting{"run", ""})
		}},
	}
	for _, r := range renderings {
		t.Run(r.file, func(t *testing.T) {
			var got bytes.Buffer
			if err := r.write(&got); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, r.file, got.Bytes())
		})
	}
}
