package results

import (
	"bytes"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// factLine is a comment with a fact of the host.
var factLine = regexp.MustCompile(`(?m)^# ([a-z][a-z0-9._-]*:.*)$`)

// asLines is benchmark text as earlier versions wrote it: with facts of the host as
// configuration lines.
func asLines(text string) string {
	return factLine.ReplaceAllStringFunc(text, func(line string) string {
		if key, _, _ := strings.Cut(line[2:], ":"); slices.Contains(about, key) {
			return line
		}
		return line[2:]
	})
}

// configLines are the keys of the configuration lines of a text.
func configLines(text string) (keys []string) {
	for _, m := range regexp.MustCompile(`(?m)^([a-z][a-z0-9._-]*):`).FindAllStringSubmatch(text, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

func benchOf(t *testing.T, records ...Record) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteBench(&b, records); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Benchstat sees of a host what go test prints too, and of a guest what kernels are
// compared by.
func TestConfigurationLines(t *testing.T) {
	guest := testHost
	guest.Guest = &Guest{Label: "new", Accel: "icount", QEMU: "7.2", Processor: "max"}
	for _, tt := range []struct {
		host Host
		want []string
	}{{testHost, []string{"goarch", "cpu"}}, {guest, []string{"kernel", "goarch", "cpu", "label", "accel", "qemu"}}} {
		r := okRecord(pingPong, 1, 5000)
		r.Host = &tt.host
		if got := configLines(benchOf(t, r)); !slices.Equal(got, tt.want) {
			t.Errorf("bench.txt has %q, want %q", got, tt.want)
		}
		var b bytes.Buffer
		if err := WriteConfig(&b, tt.host, Setting{"isolation", "none"}); err != nil {
			t.Fatal(err)
		}
		if got := configLines(b.String()); !slices.Equal(got, tt.want) {
			t.Errorf("go test prints %q, want %q", got, tt.want)
		}
	}
}

// Facts read the same as comments and as the lines of earlier versions: those of each
// host in a file, those that are no longer known, and those of a guest.
func TestFactsAsComments(t *testing.T) {
	other, bare, guest := testHost, Host{Arch: "amd64", CPU: "Other CPU", CPUs: 4}, testHost
	other.Governor, other.Sysctls = "powersave", map[string]string{"kernel.msgmax": "65536"}
	guest.Guest = &Guest{Label: "new", Accel: "kvm", QEMU: "7.2", Idle: "none menu"}
	var records []Record
	for i, h := range []*Host{&testHost, &other, &bare, &guest, &testHost} {
		r := okRecord(pingPong, i+1, 5000)
		r.Host = h
		records = append(records, r)
	}
	text := benchOf(t, records...)
	got, before := readString(t, text), readString(t, asLines(text))
	if !strings.Contains(text, "# kernel: ") || strings.Contains(asLines(text), "# kernel: ") {
		t.Fatalf("facts are no comments:\n%s", text)
	}
	if len(got.Records) != len(records) || len(before.Records) != len(records) {
		t.Fatalf("%d and %d records of %d: %v", len(got.Records), len(before.Records), len(records), got.Problems)
	}
	for i := range records {
		a, b := &got.Records[i], &before.Records[i]
		if !reflect.DeepEqual(a.Host, b.Host) || !reflect.DeepEqual(a.Settings(), b.Settings()) {
			t.Errorf("record %d: settings %v as comments, %v as lines", i, a.Settings(), b.Settings())
		}
		if want := configOf(&records[i]); !slices.Equal(a.Settings(), want) {
			t.Errorf("record %d: settings %v, want %v", i, a.Settings(), want)
		}
	}
}

// configOf is what a record was measured under, without what has no value.
func configOf(r *Record) []Setting {
	return slices.DeleteFunc(r.Settings(), func(s Setting) bool { return s.Value == "" })
}

// Other comments are none of them.
func TestCommentsThatAreNoFacts(t *testing.T) {
	s := readString(t, "# Benchmark PingPong/mech=pipe/size=64/queue=default/place=same 1 5 ns/op\n# cpu: One\n# kernels: two\n# go\nBenchmarkPingPong/mech=pipe/size=64/queue=default/place=same 1 5 ns/op\n")
	if len(s.Records) != 1 || s.Records[0].Host != nil || len(s.Records[0].Settings()) != 0 {
		t.Errorf("records %+v, problems %v", s.Records, s.Problems)
	}
}
