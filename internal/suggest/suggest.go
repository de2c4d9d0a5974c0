// Package suggest words what is wrong with a name: the name, and what the reader
// may have meant.
package suggest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// How many names a message lists: more do not fit a line, or hide the suggestion.
const (
	listed       = 16
	listedBeside = 8 // a suggestion
)

// shown is how many names a message suggests: `shm` begins nine mechanisms.
const shown = 5

// words are what people call things that have another name here. Mechanisms bring
// their own.
var words = map[string][]string{
	"rpc": {"pingpong"}, "latency": {"pingpong"}, "roundtrip": {"pingpong"}, "throughput": {"stream"}, "bandwidth": {"stream"},
	"mpsc": {"fanin"}, "broadcast": {"fanout"}, "lock": {"contend"}, "mutex": {"contend"},
	"samecpu": {"same"}, "onecpu": {"same"}, "different": {"cross"}, "unpinned": {"free"}, "any": {"free"}, "numa": {"socket"}, "ht": {"smt"}, "hyperthread": {"smt"},
	"md": {"markdown"}, "xml": {"junit"}, "tap": {"ktap"}, "txt": {"text"}, "human": {"text"},
}

// Call says what else people call something: Near then suggests it.
func Call(name string, called ...string) {
	for _, word := range called {
		words[plain(word)] = append(words[plain(word)], name)
	}
}

// Near are the names that a reader may have meant, the nearest first: one that
// differs in case or punctuation alone, what people call things, those that begin
// or end alike, else those that differ by a slip of the keyboard.
func Near(got string, names []string) (near []string) {
	word := plain(got)
	if word == "" {
		return nil
	}
	add := func(found ...string) {
		for _, name := range found {
			if slices.Contains(names, name) && !slices.Contains(near, name) {
				near = append(near, name)
			}
		}
	}
	for _, name := range names {
		if plain(name) == word {
			return []string{name}
		}
	}
	if add(words[word]...); near != nil {
		return near
	}
	if len(word) >= 2 {
		for _, alike := range []func(name string) bool{
			func(name string) bool { return strings.HasPrefix(name, word) },
			func(name string) bool { return strings.HasSuffix(name, word) },
			func(name string) bool { return len(name) > 3 && strings.HasPrefix(word, name) },
		} {
			for _, name := range names {
				if alike(plain(name)) {
					add(name)
				}
			}
			if near != nil && (len(near) > 1 || len(word) > 2) {
				return near[:min(len(near), shown)]
			}
		}
	}
	most := 1 + (len(word)-1)/4
	if len(word) < 3 {
		most = 0 // any two letters are a slip away from any other two
	}
	for _, name := range names {
		if distance(word, plain(name)) <= most {
			add(name)
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(distance(word, plain(a)), distance(word, plain(b))) })
	if near != nil {
		best := distance(word, plain(near[0]))
		near = slices.DeleteFunc(near, func(name string) bool { return distance(word, plain(name)) > best })
	}
	return near[:min(len(near), shown)]
}

// plain is a name without case, hyphens and the like. Every process of a run calls
// it some 80 times: to build a strings.Replacer each time took a tenth of its start.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_ .", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// distance is how many letters to leave out, put in, replace, or swap with the
// next make b of a (the restricted edit distance of Damerau, 1964).
func distance(a, b string) int {
	before, row := []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		earlier := before
		before, row = row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := before[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(before[j+1]+1, row[j]+1, change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], earlier[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// Wanted is the end of a message about a name that is none of names: what the
// reader may have meant, and what there is. More names than fit a line are left
// to see, a command.
func Wanted(got string, names []string, see string) string {
	near := Near(got, names)
	meant := ""
	if near != nil {
		meant = "did you mean " + or(near) + "?"
	}
	switch all := strings.Join(names, ", "); {
	case len(names) == 2 && meant == "":
		return "want " + or(names)
	case len(names) <= listed && meant == "":
		return "want one of " + all
	case len(names) <= listedBeside:
		return meant + " (want one of " + all + ")"
	case meant == "":
		return fmt.Sprintf("there is none: `%s` lists all %d", see, len(names))
	default:
		return fmt.Sprintf("%s (`%s` lists all %d)", meant, see, len(names))
	}
}

// or joins names: "a, b or c".
func or(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
