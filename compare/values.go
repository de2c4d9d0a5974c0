package compare

import "slices"

// values are different strings, in the order of their appearance. "" is no
// value. The zero value is empty.
type values struct {
	list []string
	seen map[string]bool // where there are many
}

// fewValues is how many are looked at one after the other.
const fewValues = 8

func (v *values) add(s string) {
	switch {
	case s == "":
		return
	case v.seen != nil:
		if v.seen[s] {
			return
		}
		v.seen[s] = true
	case slices.Contains(v.list, s):
		return
	case len(v.list) == fewValues:
		v.seen = map[string]bool{s: true}
		for _, known := range v.list {
			v.seen[known] = true
		}
	}
	v.list = append(v.list, s)
}

// sorted returns them in order; nil has none.
func (v *values) sorted() []string {
	if v == nil {
		return nil
	}
	return slices.Sorted(slices.Values(v.list))
}
