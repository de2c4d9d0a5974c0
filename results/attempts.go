package results

// launch says which launch a record is an attempt at.
type launch struct {
	cell Cell
	n    int
}

// repeated tells for each record whether it is an attempt that a later one of
// the same launch replaces. One that failed is never replaced: a failure that
// goes away is still a failure.
func repeated(records []Record) []bool {
	last := map[launch]int{}
	for i := range records {
		key := launch{records[i].Cell, records[i].Launch}
		last[key] = max(last[key], records[i].Attempt)
	}
	out := make([]bool, len(records))
	for i := range records {
		r := &records[i]
		out[i] = r.Outcome != Failed && r.Attempt < last[launch{r.Cell, r.Launch}]
	}
	return out
}
