package bench

import (
	"strings"
	"testing"

	"ipcbench/results"
)

// A message that states a range states the one that is enforced: its bounds
// are accepted, and what lies beyond is refused with both.
func TestRangesAreThoseEnforced(t *testing.T) {
	cell := func(part string) (int, error) {
		_, err := results.ParseCell("OpenLoop/mech=pipe/" + part)
		return 0, err
	}
	for _, c := range []struct {
		name    string
		parse   func(string) (int, error)
		within  []string
		beyond  []string
		message string
	}{
		{"size", ParseSize, []string{"1", "16MiB", "16777216"}, []string{"0", "16777217", "17MiB", "1GiB", "2GiB", "-1"}, "want a whole number of bytes from 1 to 16MiB,"},
		{"queue", func(s string) (int, error) { return 0, results.LookupAxis("queue").Set(&results.Cell{}, s) }, []string{"1", "1GiB"}, []string{"0", "1073741825", "2GiB"}, `want "default" or a whole number of bytes from 1 to 1GiB,`},
		{"size of a cell", func(s string) (int, error) { return cell("size=" + s + "/queue=default/place=same") },
			[]string{"1", "1GiB"}, []string{"0", "2GiB"}, "want a whole number of bytes from 1 to 1GiB,"},
		{"rate of a cell", func(s string) (int, error) { return cell("size=64/queue=default/place=same/rate=" + s) },
			[]string{"1", "2147483647"}, []string{"0", "2147483648"}, "want a whole number from 1 to 2147483647"},
	} {
		for _, s := range c.within {
			if _, err := c.parse(s); err != nil {
				t.Errorf("%s %s: %v", c.name, s, err)
			}
		}
		for _, s := range c.beyond {
			if _, err := c.parse(s); err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("%s %s: %v, want %q", c.name, s, err, c.message)
			}
		}
	}
}
