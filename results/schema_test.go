package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/internal/golden"
	"ipcbench/internal/need"
)

// linesOf is what a run writes of records.
func linesOf(t testing.TB, records ...Record) string {
	t.Helper()
	run := &Run{}
	var all strings.Builder
	for i := range records {
		text, under, err := run.lines(&records[i])
		if err != nil {
			t.Fatal(err)
		}
		run.setups = append(run.setups, under)
		all.Write(text)
	}
	return all.String()
}

// measured is the records of real launches, as schema 1 has them: a floor, round
// trips and messages, links that differ, a launch that was run again, one that
// was skipped, and another host.
func measured(t testing.TB) []Record {
	t.Helper()
	set, err := Read(filepath.Join("testdata", "schema1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if set.LeftOut > 0 || len(set.Records) < 8 {
		t.Fatalf("%d records, %v", len(set.Records), set.Problems)
	}
	return set.Records
}

// Records of schema 1, written as schema 2, say the same. Files of both stay as
// they are: what was written once is read for ever.
func TestSchemas(t *testing.T) {
	records := measured(t)
	for i := range records {
		r := &records[i]
		r.Time = r.Time.Truncate(time.Millisecond)
		if r.Latency == nil {
			continue
		}
		h, err := hdrhistogram.Decode([]byte(r.Latency.HDR))
		if err != nil {
			t.Fatal(err)
		}
		r.Latency.HDR = EncodeHistogram(h)
	}
	text := linesOf(t, records...)
	golden.Check(t, "schema2.jsonl", []byte(text))
	set := readString(t, text)
	if set.LeftOut > 0 || len(set.Records) != len(records) {
		t.Fatalf("%d of %d records, %v", len(set.Records), len(records), set.Problems)
	}
	for i, got := range set.Records {
		if !reflect.DeepEqual(got, records[i]) {
			t.Errorf("record %d\n%s is read as\n%s", i+1, jsonLine(t, records[i]), jsonLine(t, got))
		}
	}
	if a, b := summed(Summarize(records)), summed(Summarize(set.Records)); a != b {
		t.Errorf("summaries of schema 1\n%s\nof schema 2\n%s", a, b)
	}
}

// A plain record takes at most 1,000 bytes: a round trip over a pipe, two
// workers, the usual rounds. What a run has in common is written once.
func TestPlainRecordIsSmall(t *testing.T) {
	n := 0
	for line := range strings.Lines(readFile(t, filepath.Join("testdata", "schema2.jsonl"))) {
		if strings.Contains(line, `"cell":"PingPong/mech=pipe/`) && strings.Contains(line, `"outcome":"ok"`) {
			n++
			if len(line) > 1000 || !strings.Contains(line, `["latency",`) {
				t.Errorf("%d bytes: %s", len(line), line)
			}
		}
	}
	if n < 2 {
		t.Errorf("%d plain records, want some", n)
	}
	many := measured(t)[:1]
	for i := range 1000 {
		r := many[0]
		r.Launch = i + 2
		many = append(many, r)
	}
	if n := strings.Count(linesOf(t, many...), `"kernel"`); n != 1 {
		t.Errorf("the host stands %d times, want once", n)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A run of schema 1 goes on in schema 2, under another host, and once more: one
// file has all of it, and each record has its own host.
func TestFileOfBothSchemas(t *testing.T) {
	run := newRun(t)
	path := filepath.Join(run.Dir, RecordsFile)
	old := okRecord(pingPong, 1, 5000)
	if err := errors.Join(run.Close(), os.WriteFile(path, []byte(jsonLine(t, old)), 0o644)); err != nil {
		t.Fatal(err)
	}
	header := filepath.Join(run.Dir, HeaderFile)
	if err := os.WriteFile(header, []byte(strings.Replace(readFile(t, header), `"schema": 2`, `"schema": 1`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	moved := testHost
	moved.Sysctls = map[string]string{"kernel.msgmax": "1"}
	want := []Record{old}
	for n, host := range []*Host{&testHost, &moved, &moved} {
		again, err := Open(run.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			r := okRecord(pingPong, 2+2*n+i, 5000)
			r.Host = host
			want = append(want, r)
			if err := again.Append(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	set := mustRead(t, run.Dir)
	if set.LeftOut > 0 || !reflect.DeepEqual(set.Records, want) {
		t.Errorf("%d of %d records came back as they were, %v", len(set.Records), len(want), set.Problems)
	}
	if n := strings.Count(readFile(t, path), `"kernel"`); n != 4 {
		t.Errorf("%d lines have a host, want 4: one of schema 1, and one each time that the run went on", n)
	}
	if hosts := set.Hosts(); len(hosts) != 2 || set.Records[2].Host != hosts[0] || set.Records[6].Host != hosts[1] {
		t.Errorf("%d hosts", len(hosts))
	}
}

// Two files, one after the other, are read as both: setups are named by what
// they say.
func TestJoinedFiles(t *testing.T) {
	a, b := okRecord(pingPong, 1, 5000), okRecord(pingPong, 2, 5000)
	b.Host.Kernel, b.Seed = "Linux 5.10", 7
	comeBack(t, []Record{a, b}, linesOf(t, a)+linesOf(t, b))
}

// Each line that cannot be right is named, and the rest is read.
func TestReadNamesBadReferences(t *testing.T) {
	real := linesOf(t, measured(t)...)
	good := linesOf(t, okRecord(pingPong, 1, 5000))
	setup, record, _ := strings.Cut(good, "\n")
	both := linesOf(t, okRecord(pingPong, 1, 5000), okRecord(pingPong, 2, 5000))
	second := strings.TrimPrefix(both, good)
	var mark struct{ Setup string }
	if err := json.Unmarshal([]byte(setup), &mark); err != nil {
		t.Fatal(err)
	}
	edit := func(line, old, new string) string {
		if !strings.Contains(line, old) {
			t.Fatalf("no %s in %s", old, line)
		}
		return strings.Replace(line, old, new, 1)
	}
	named := fmt.Sprintf(`"setup":%q`, mark.Setup)
	forged := edit(setup, "Linux 6.18.44", "Linux 2.4")
	for _, c := range []struct {
		name, text string
		records    int
		reason     string
	}{
		{"whole", good + second, 2, ""},
		{"the same setup twice", good + setup + "\n" + second, 2, ""},
		{"no setup", record, 0, "is on no line before"},
		{"a setup that comes later", record + setup + "\n" + second, 1, "is on no line before"},
		{"another name", setup + "\n" + edit(record, named, `"setup":"0"`), 0, "setup 0 is on no line before"},
		{"no name", setup + "\n" + edit(record, named, `"setup":""`), 0, "setup  is on no line before"},
		{"itself", edit(setup, `"columns":`, `"cell":"`+pingPong.Name()+`","columns":`), 0, "a setup with a cell"},
		{"a setup without a name", edit(setup, named, `"setup":""`), 0, "without a name"},
		{"one name, two setups", good + forged + "\n" + second, 1, "setup " + mark.Setup + " is another one on line 1"},
		{"a hostile run", edit(setup, testHeader.ID, "../x"), 0, "does not match"},
		{"an unknown field of a host", edit(setup, `"kernel"`, `"kernal"`), 0, `unknown field "kernal"`},
		{"an unknown column", edit(setup, `"stalled_ns"`, `"x\u001b"`), 0, `column x\x1b of `},
		{"a column twice", edit(setup, `"elapsed_ns"`, `"ops"`), 0, "column ops of rounds"},
		{"an unknown table", edit(setup, `"rounds":`, `"turns":`), 0, "of turns"},
		{"a record with a host", setup + "\n" + edit(record, `"launch"`, `"host":{},"launch"`), 0, "what its setup has"},
		{"a field of schema 1", setup + "\n" + edit(record, `"given":[65536,"F_GETPIPE_SZ",16]`, `"given":{}`), 0, "given: "},
		{"an unknown field", setup + "\n" + edit(record, `"launch"`, `"lunch":1,"launch"`), 0, `unknown field "lunch"`},
		{"a short row", setup + "\n" + edit(record, `["warmup",100,`, `["warmup",`), 0, "rounds: a row of 5 values: want 6: [kind ops elapsed_ns stalled_ns insns switches]"},
		{"a row of another kind", setup + "\n" + edit(record, `["warmup",100,`, `[100,"warmup",`), 0, "rounds: kind: "},
		{"a row again, before any", setup + "\n" + edit(record, `"rounds":[`, `"rounds":[3,`), 0, "a row stands 3 times more"},
		{"too many rows", setup + "\n" + edit(record, `,["timed"`, `,1000000000000,["timed"`), 0, "at most 10000 in all"},
		{"too many rows in parts", setup + "\n" + edit(record, `,["timed"`, `,6000,6000,["timed"`), 0, "at most 10000 in all"},
		{"another spelling", setup + "\n" + edit(record, "size=64", "size=64KiB/x"), 0, "is not a cell"},
		{"another name of the cell", setup + "\n" + edit(record, "size=64/", "size=1024/"), 0, "want PingPong/mech=pipe/size=1KiB"},
		{"two values", setup + "\n" + strings.TrimSuffix(record, "\n") + "{}\n", 0, `invalid character '{' after the record`},
		{"totals twice", edit(real, `"payloads":`, `"eintr":1,"payloads":`), len(measured(t)) - 1, "totals that follow from them"},
		{"a total that does not follow", edit(real, `"ns_per_op":`, `"ns_per_op":1`), len(measured(t)) - 1, "by the rounds"},
		{"a duplicate", good + record, 1, "launch 1, attempt 1 is on line 2 already"},
		{"a duplicate of schema 1", jsonLine(t, okRecord(pingPong, 1, 5000)) + good, 1, "launch 1, attempt 1 is on line 1 already"},
		{"a schema of tomorrow", good + edit(second, `"schema":2`, `"schema":3`), 1, "another schema: 3, want 1 to 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := readString(t, c.text+"\n")
			if len(s.Records) != c.records || (s.LeftOut > 0) != (c.reason != "") {
				t.Fatalf("%d records, want %d; left out: %v", len(s.Records), c.records, s.Problems)
			}
			if c.reason != "" && !strings.Contains(s.Problems[0].Reason, c.reason) {
				t.Errorf("problem %q, want %q", s.Problems[0].Reason, c.reason)
			}
			for _, p := range s.Problems {
				if q := Quote(p.Reason); q != p.Reason {
					t.Errorf("the reason is not fit for a terminal: %q", p.Reason)
				}
			}
		})
	}
}

// repeating is a file of n lines, each a little other than the one before.
type repeating struct {
	line func(n int) string
	n    int
	rest string
}

func (r *repeating) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = r.line(r.n)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// A file of a million hosts ends with one clear line, before it takes much
// memory; so does one of bad lines, and one whose line does not end.
func TestReadBoundsHostileFiles(t *testing.T) {
	need.Time(t)
	const million = 1_000_000
	r := okRecord(pingPong, 1, 5000)
	r.Host.CPU = strings.Repeat("x", 100<<10) // the lines are long, so that there need not be many
	setup, _, _ := strings.Cut(linesOf(t, r), "\n")
	old := jsonLine(t, r)
	for _, c := range []struct {
		name, want string
		file       io.Reader
	}{
		{"setups", "more than 64MiB of hosts and setups: these are not the records of a run", &repeating{n: million, line: func(n int) string {
			return strings.Replace(setup, `"setup":"`, fmt.Sprintf(`"setup":"%d-`, n), 1) + "\n"
		}}},
		{"hosts of schema 1", "more than 64MiB of hosts and setups: these are not the records of a run", &repeating{n: million, line: func(n int) string {
			return strings.Replace(strings.Replace(old, `"launch":1`, fmt.Sprintf(`"launch":%d`, n+1), 1), "Linux 6", fmt.Sprint("Linux ", n), 1)
		}}},
		{"bad lines", "more than 1000000 lines cannot be used: these are not the records of a run", endless{"{\n"}},
		{"a line without an end", "line 2 is longer than 256MiB: these are not records", io.MultiReader(strings.NewReader("{}\n"), endless{"{"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			n := allocated(func() { err = new(Set).read("f", c.file) })
			if err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if n > 2<<30 {
				t.Errorf("%d bytes allocated", n)
			}
		})
	}
}

// The page on records names every key of a line.
func TestRecordsPage(t *testing.T) {
	page := readFile(t, filepath.Join("..", "docs", "records.md"))
	n := 0
	for _, of := range []any{mark{}, setup{}, record{}, totals{}} {
		for _, c := range columnsOf(of) {
			if c.name == "" {
				continue // embedded, or no key
			}
			if n++; !strings.Contains(page, "`"+c.name+"`") {
				t.Errorf("docs/records.md lacks the key %s", c.name)
			}
		}
	}
	if n < 30 {
		t.Errorf("%d keys", n)
	}
}
