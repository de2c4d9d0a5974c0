package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"ipcbench/results"
)

// launches are records of every outcome, with a number of each kind, and texts that no
// terminal should see.
func launches() []results.Record {
	cell, err := results.ParseCell("Stream/mech=shmring/size=4KiB/queue=64KiB/place=cross/batch=16/copy=0/rate=1000/memory-node=local")
	if err != nil {
		panic(err)
	}
	host := &results.Host{Kernel: "Linux 6.18", Arch: "amd64", CPUs: 2, Memory: 1 << 34, PageSize: 4096, Program: "v1", Guest: &results.Guest{Label: "new", Accel: "icount"}}
	ok := results.Record{
		Run: "r", Time: time.Date(2026, 11, 30, 14, 0, 0, 123e6, time.UTC), Cell: cell, Launch: 1, Attempt: 2, Outcome: results.OK, Warnings: []string{"a", "b"},
		Ops: 1000, ElapsedNs: 5e6, NsPerOp: 5000.25, BytesPerSec: 1e9, CPUNsPerOp: results.Known(0.0), Voluntary: results.Known(1.5), Involuntary: results.Known(0.25),
		EINTR: results.Known[int64](0), Latency: &results.Latency{P50: 10, P99: 99}, Given: &results.Given{Queue: 65536, InFlight: results.Known[int64](0)},
		Overhead: &results.Cost{StartNs: 7, StopNs: 0}, Noise: &results.Noise{Stopped: true, PressureNs: results.Known[int64](3)}, Seed: math.MaxUint64, Host: host,
	}
	skipped := results.Record{Run: "r", Cell: results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}, Launch: 1, Attempt: 1, Outcome: results.Skipped, Reason: "no \x1b[31m\u202e\xff\"\n", Unavailable: true}
	failed := results.Record{Run: "r", Cell: skipped.Cell, Launch: 2, Attempt: 1, Outcome: results.Failed, Fault: results.FaultHang, Reason: strings.Repeat("é", 9000)}
	counted := results.Record{Run: "r", Cell: skipped.Cell, Launch: 3, Attempt: 1, Outcome: results.Untrusted, Reason: "disturbed", InsnsPerOp: math.NaN()}
	return []results.Record{ok, skipped, failed, counted}
}

// testRows is the size of a group in tests.
const testRows = 1000

// write is the table of records, each n times.
func write(t testing.TB, format string, n int, all []results.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, f := range Formats {
		if f.Name != format {
			continue
		}
		w := f.New(&b, "v1")
		if p, ok := w.(*parquetTable); ok {
			p.limit = testRows
		}
		for range n {
			for i := range all {
				if err := w.Write(&results.Header{Label: "before"}, &all[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// read is what another program's reader finds in the file: a map a row, without nulls.
func read(t testing.TB, file []byte) (rows []map[string]any, schema *parquet.Schema) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	names := f.Schema().Columns()
	r := parquet.NewReader(f)
	defer r.Close()
	for {
		buf := make([]parquet.Row, 100)
		n, err := r.ReadRows(buf)
		for _, row := range buf[:n] {
			out := map[string]any{}
			for _, v := range row {
				name := names[v.Column()][0]
				switch {
				case v.IsNull():
				case v.Kind() == parquet.Boolean:
					out[name] = v.Boolean()
				case v.Kind() == parquet.Double:
					out[name] = v.Double()
				case v.Kind() == parquet.Int64:
					out[name] = v.Int64()
				default:
					out[name] = string(v.ByteArray())
				}
			}
			rows = append(rows, out)
		}
		if errors.Is(err, io.EOF) {
			return rows, f.Schema()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// stored is a value as Parquet stores it.
func stored(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMilli()
	case uint64:
		return int64(v)
	}
	return v
}

// A library that others wrote reads every value of every column back, in groups too.
func TestParquet(t *testing.T) {
	all := launches()
	for _, n := range []int{1, 3, testRows / len(all), 2*testRows/len(all) + 5} {
		rows, schema := read(t, write(t, "parquet", n, all))
		if len(rows) != n*len(all) {
			t.Fatalf("%d rows, want %d", len(rows), n*len(all))
		}
		columns := results.TableColumns()
		if got := len(schema.Columns()); got != len(columns) {
			t.Fatalf("%d columns, want %d", got, len(columns))
		}
		for i, row := range rows {
			for _, c := range columns {
				want := stored(c.Of(&results.Header{Label: "before"}, &all[i%len(all)]))
				if got := row[c.Name]; !reflect.DeepEqual(got, want) {
					t.Fatalf("row %d of %d: %s is %v, want %v", i, len(rows), c.Name, got, want)
				}
			}
		}
	}
}

// The file says what a number means: a time in UTC, a seed without a sign.
func TestParquetSchema(t *testing.T) {
	_, schema := read(t, write(t, "parquet", 1, launches()))
	text := schema.String()
	for _, want := range []string{
		`optional int64 time \(TIMESTAMP\(isAdjustedToUTC=true,unit=MILLIS\)\)`, `optional int64 seed \(INT\(64,false\)\)`, `optional binary cell \(STRING\)`,
		`optional double time_ns_per_op`, `optional boolean copy`, `optional int64 size_bytes`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// A file that ends early is no table.
func TestParquetWithoutItsEnd(t *testing.T) {
	file := write(t, "parquet", 1, launches())
	for _, n := range []int{0, 4, len(file) / 2, len(file) - 1} {
		if _, err := parquet.OpenFile(bytes.NewReader(file[:n]), int64(n)); err == nil {
			t.Errorf("%d of %d bytes are taken for a file", n, len(file))
		}
	}
	if rows, _ := read(t, write(t, "parquet", 0, nil)); len(rows) != 0 {
		t.Errorf("no record, and %d rows", len(rows))
	}
}

// A line has every column, and the values that Parquet has.
func TestNDJSON(t *testing.T) {
	all := launches()
	lines := strings.Split(strings.TrimSuffix(string(write(t, "ndjson", 1, all)), "\n"), "\n")
	rows, _ := read(t, write(t, "parquet", 1, all))
	if len(lines) != len(all) {
		t.Fatalf("%d lines, want %d", len(lines), len(all))
	}
	for i, line := range lines {
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		var got map[string]any
		if err := dec.Decode(&got); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		for _, c := range results.TableColumns() {
			v, there := got[c.Name]
			want := rows[i][c.Name]
			switch {
			case !there:
				t.Errorf("line %d lacks %s", i, c.Name)
			case c.Type == results.MomentType && want != nil:
				want = time.UnixMilli(want.(int64)).UTC().Format("2006-01-02T15:04:05.999Z07:00")
			case c.Type == results.UintType:
				want = uint64(want.(int64))
			case c.Type == results.FloatType && v != nil:
				v, _ = v.(json.Number).Float64()
			}
			if there && (v == nil) != (want == nil) || v != nil && fmt.Sprint(v) != fmt.Sprint(want) {
				t.Errorf("line %d: %s is %v, want %v", i, c.Name, v, want)
			}
		}
	}
	if bad := regexp.MustCompile(`[\x00-\x1f\x7f-\x9f\x{202e}]`).FindString(strings.Join(lines, "")); bad != "" {
		t.Errorf("%q is in a line", bad)
	}
}

// counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// Memory follows a group of rows, and not the table.
func TestMemoryFollowsGroups(t *testing.T) {
	all := launches()
	after := func(rows int) (live uint64) {
		var n counter
		w := newParquet(&n, "v1")
		w.limit = testRows
		for i := range rows {
			r := &all[i%len(all)]
			r.Reason = fmt.Sprint(strings.Repeat("reason ", 500), i) // a text of its own in each row
			if err := w.Write(nil, r); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		runtime.KeepAlive(w)
		if n == 0 {
			t.Fatal("nothing is written before the end")
		}
		return m.HeapAlloc
	}
	few, many := after(testRows+testRows/2), after(10*testRows+testRows/2)
	if many > few+few/2 {
		t.Errorf("%d bytes after one group, %d after ten", few, many)
	}
}

// A writer that fails ends the table.
func TestWriteFails(t *testing.T) {
	all := launches()
	for _, f := range Formats {
		w := f.New(failing{}, "v1")
		err := w.Write(nil, &all[0])
		if f.Name == "parquet" && err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("%s: %v, want %v", f.Name, err, errFull)
		}
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
