package bench

import (
	"fmt"
	"slices"
	"strings"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// The values of options that are words, the usual one first, which records and
// names leave out.
var (
	Waits    = append([]string{"block"}, mechanisms.Waits...)      // how ends wait that are descriptors
	Touches  = []string{"none", "read", "write"}                   // what a receiver does with a payload, besides looking at its stamp
	Memories = []string{"default", "memfd", "shm", "file", "huge"} // what backs shared memory
)

// MaxBatch bounds the messages that one call hands over.
const MaxBatch = 256

// ofLink are the options that a workload need not know of.
var ofLink = []string{"wait", "memory"}

func key(part string) string { k, _, _ := strings.Cut(part, "="); return k }

// takes tells whether the workload can be played with an option.
func (w *Workload) takes(part string) bool {
	return slices.Contains(ofLink, key(part)) || slices.Contains(w.Takes, key(part))
}

// options are those asked for as far as w takes them, each once, with a rate
// where it must have one.
func (w *Workload) options(asked []results.Options) (out []results.Options) {
	for _, o := range asked {
		for _, part := range o.Parts() {
			if !w.takes(part) {
				o = o.Without(key(part))
			}
		}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	if out == nil {
		out = []results.Options{{}}
	}
	if w.Paced {
		return atRates(out)
	}
	return out
}

// atRates gives those without a rate each of Rates.
func atRates(all []results.Options) (out []results.Options) {
	for _, o := range all {
		if o.Rate > 0 {
			out = append(out, o)
			continue
		}
		for _, o.Rate = range Rates {
			out = append(out, o)
		}
	}
	return out
}

// admitOptions refuses what the workload would have to know of and does not, what
// it cannot do without, and what takes too much memory.
func (w *Workload) admitOptions(c results.Cell) error {
	if c.Given != "" {
		return fmt.Errorf("given=%s is what a kernel gave: it cannot be asked for, only a queue can", c.Given)
	}
	for _, part := range c.Options.Parts() {
		if !w.takes(part) {
			return &mechanisms.UnsupportedError{Mechanism: w.Name, What: part + " does not apply to it"}
		}
	}
	if w.Paced && c.Rate == 0 {
		return fmt.Errorf("%s: no rate: want messages a second, as in rate=1000", w.Name)
	}
	if c.Batch > 0 && c.Lend {
		return &mechanisms.UnsupportedError{Mechanism: w.Name, What: "batch with copy 0: memory is lent for one message at a time"}
	}
	if c.Batch > 0 && c.Batch*c.Size > batchRoom {
		return &mechanisms.UnsupportedError{Mechanism: w.Name, What: "bytes in a batch", Value: c.Batch * c.Size,
			Limit: mechanisms.Limit{N: batchRoom, Source: "ipcbench", Beyond: "each process holds one"}}
	}
	return nil
}

// checkOptions names the first value that does not exist, or that none of the
// workloads takes.
func (a Axes) checkOptions(o results.Options) error {
	for _, v := range []struct {
		axis, got string
		all       []string
	}{{"wait", o.Wait, Waits}, {"touch", o.Touch, Touches}, {"memory", o.Memory, Memories}} {
		if v.got != "" && !slices.Contains(v.all[1:], v.got) {
			return unknown(v.axis, v.got, v.all, func(s string) string { return s })
		}
	}
	if o.Batch == 1 || o.Batch > MaxBatch {
		return fmt.Errorf("batch %d: want 2 to %d messages a call", o.Batch, MaxBatch)
	}
	if o.Rate > MaxRate {
		return fmt.Errorf("rate %d: want at most %d messages a second", o.Rate, MaxRate)
	}
	for _, part := range o.Parts() {
		if !slices.ContainsFunc(a.Workloads, func(name string) bool { return LookupWorkload(name).takes(part) }) {
			return fmt.Errorf("%s: none of the workloads %s takes it", part, strings.ToLower(strings.Join(a.Workloads, ", ")))
		}
	}
	return nil
}
