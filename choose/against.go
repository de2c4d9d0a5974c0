package choose

import (
	"strings"

	"ipcbench/results"
)

// Choices are the mechanisms of an answer, held against its leader, in the words of
// every advice: the leader first.
func Choices(a results.Answer) (all []Choice) {
	for i, r := range a.Ranked {
		all = append(all, newChoice(r, a, i == 0, i > 0 && spins(r.Cell.Mechanism)))
	}
	return all
}

// Word is the verdict without the ratio and its bounds, for a table that has both:
// "slower", "can't tell". The share is that by which another may be faster.
func (c *Choice) Word(within float64) string {
	word, _, _ := strings.Cut(c.Verdict, ": ")
	if strings.HasPrefix(word, "between ") {
		return "perhaps within " + results.Percent(within)
	}
	return word
}
