package results

import "math"

// BuiltOn is what a library costs over the mechanism of the suite that it stands on,
// in the same cell of the same run. Launches of one pass, which came close together,
// are a pair. Without pairs N is 0.
type BuiltOn struct {
	Mechanism string `json:"mechanism"` // that it stands on
	Ratio            // of the library's time per operation to the mechanism's

	Time Estimate `json:"time_ns"`     // of the mechanism, ns per operation
	Adds Estimate `json:"adds_ns"`     // what the library's operation takes more, ns: the median of the pairs
	CPU  Estimate `json:"adds_cpu_ns"` // the same of processor time
}

// relateToBases gives each cell of a library what it costs over what it is built on.
func relateToBases(summaries []Summary) {
	at := map[Cell]*Summary{}
	for i := range summaries {
		at[summaries[i].Cell] = &summaries[i]
	}
	for i := range summaries {
		s := &summaries[i]
		if s.BuiltOn == nil {
			continue
		}
		c := s.Cell
		c.Mechanism = s.BuiltOn.Mechanism
		base := at[c]
		if base == nil || base.Outcome != OK || s.Outcome != OK {
			continue
		}
		old, new := paired(base.Times, base.TimesOf, s.Times, s.TimesOf)
		if len(old) == 0 {
			continue
		}
		logs := make([]float64, len(old))
		for k := range logs {
			logs[k] = math.Log(new[k] / old[k])
		}
		s.BuiltOn.Ratio = NewPairedRatio(logs)
		s.BuiltOn.N = len(logs)
		baseCPU, cpu := paired(base.CPUs, base.CPUsOf, s.CPUs, s.CPUsOf)
		s.BuiltOn.Time, s.BuiltOn.Adds = base.NsPerOp, MedianOf(less(new, old))
		s.BuiltOn.CPU = MedianOf(less(cpu, baseCPU))
	}
}

// paired are the values of launches that both have, by their numbers.
func paired(old []float64, oldOf []int, new []float64, newOf []int) (olds, news []float64) {
	of := map[int]float64{}
	for i, n := range oldOf {
		of[n] = old[i]
	}
	for i, n := range newOf {
		if v, ok := of[n]; ok {
			olds, news = append(olds, v), append(news, new[i])
		}
	}
	return olds, news
}

// less are the differences of values.
func less(from, values []float64) []float64 {
	all := make([]float64, len(from))
	for i := range all {
		all[i] = from[i] - values[i]
	}
	return all
}
