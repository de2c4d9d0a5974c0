package results

import (
	"fmt"
	"strings"
	"testing"
)

// manyHosts is records of n hosts, which differ in what is compared last.
func manyHosts(t testing.TB, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		r := okRecord(pingPong, i+1, 5000)
		r.Host.Program = fmt.Sprint("v", i)
		b.WriteString(jsonLine(t, r))
	}
	return b.String()
}

// The work grows as the number of hosts does: four times the hosts may take
// about four times the allocations, where comparing each with all before it took
// sixteen times as many.
func TestReadGrowsWithHosts(t *testing.T) {
	work := func(n int) float64 {
		text := manyHosts(t, n)
		return testing.AllocsPerRun(1, func() {
			s := readString(t, text)
			if len(s.Hosts()) != n || len(s.Records) != n {
				t.Fatalf("%d hosts and %d records, want %d", len(s.Hosts()), len(s.Records), n)
			}
		})
	}
	few, many := work(100), work(400)
	if many > 6*few {
		t.Errorf("%v allocations for 100 hosts, %v for 400", few, many)
	}
}

// Equal hosts are one, in the order of their appearance.
func TestHosts(t *testing.T) {
	a, b, again := testHost, testHost, testHost
	b.Sysctls = map[string]string{"kernel.msgmax": "1"}
	var s Hosts
	if s.Add(&a) != &a || s.Add(&b) != &b || s.Add(&again) != &a || s.Add(nil) != nil {
		t.Error("an equal host was not found")
	}
	if all := s.All(); len(all) != 2 || all[0] != &a || all[1] != &b {
		t.Errorf("hosts %v", all)
	}
}
