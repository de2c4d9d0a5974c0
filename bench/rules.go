package bench

import (
	"fmt"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Asked is a cell with what plays it: the question of Rules.
type Asked struct {
	results.Cell
	Workload  *Workload
	Mechanism *mechanisms.Mechanism // nil: none, or one that is not known
}

// AskFor is the question about a cell, and false where its workload is not
// known.
func AskFor(c results.Cell) (Asked, bool) {
	w := WorkloadOf(c)
	if w == nil || w.Floor != "" {
		return Asked{Cell: c, Workload: w}, w != nil
	}
	return Asked{c, w, mechanisms.Lookup(c.Mechanism)}, true
}

// Rules decide whether a cell can be played at all, on any machine. Package
// runner puts those of the machine and of the link behind them. A refusal that
// is no *mechanisms.UnsupportedError is a mistake that a plan must not have.
var Rules = []mechanisms.Rule[Asked]{
	{Name: "peers", Remedy: "--peers within the workload's bounds", Refuse: func(q Asked) error {
		w := q.Workload
		switch {
		case w.Peers == "" && q.Peers != 0:
			return fmt.Errorf("%s fixes its number of processes: peers %d does not apply", w.Name, q.Peers)
		case w.Peers != "" && (q.Peers < w.MinPeers || q.Peers > results.MaxPeers):
			return fmt.Errorf("%s: %d %s: want %d to %d", w.Name, q.Peers, w.Peers, w.MinPeers, results.MaxPeers)
		}
		return nil
	}},
	{Name: "minimum size", Remedy: "a larger --size", Refuse: func(q Asked) error {
		w := q.Workload
		return refuse(w.Floor == "" && q.Size < w.Least, w.Name, "message size %d < %d: what its messages must carry does not fit", q.Size, w.Least)
	}},
	{Name: "floor's place", Remedy: "--place cross, smt or socket", Refuse: func(q Asked) error {
		return refuse(q.Workload.Spins && (q.Place == "same" || q.Place == "free"), q.Workload.Floor,
			"place=%s: its processes wait without sleeping, and on one CPU each would use up the other's time slice, sched(7)", q.Place)
	}},
	{Name: "no messages", Remedy: "neither --size nor --queue", Refuse: func(q Asked) error {
		if w := q.Workload; w.Floor == "" && w.Size > 0 && (q.Size != w.Size && q.Size != 0 || q.Queue != 0) {
			return fmt.Errorf("%s has no messages: size %d and queue %s do not apply", w.Name, q.Size, results.FormatQueue(q.Queue))
		}
		return nil
	}},
	{Name: "given", Remedy: "--queue", Refuse: func(q Asked) error { return results.LookupAxis("given").Check(q.Cell) }},
	{Name: "option", Remedy: "the option's usual value, or a workload that takes it: `ipcbench run --help` has them", Refuse: func(q Asked) error {
		for i := range results.Axes {
			x := &results.Axes[i]
			if v := q.Value(x.Key); v != "" && !q.Workload.takes(x) {
				return refuse(true, q.Workload.Name, "%s=%s does not apply to it", x.Key, v)
			}
		}
		return nil
	}},
	{Name: "rate", Remedy: "--rate", Refuse: func(q Asked) error {
		if q.Workload.Paced && q.Rate == 0 {
			return fmt.Errorf("%s: no rate: want messages a second, as in rate=1000", q.Workload.Name)
		}
		return nil
	}},
	{Name: "batch in place", Remedy: "--batch 1 or --copy 1", Refuse: func(q Asked) error {
		return refuse(q.Batch > 0 && q.InPlace, q.Workload.Name, "batch with copy 0: messages are made in place one at a time")
	}},
	{Name: "bytes in a batch", Remedy: "a smaller --batch or --size", Refuse: func(q Asked) error {
		if q.Batch > 0 && q.Batch*q.Size > batchRoom {
			return &mechanisms.UnsupportedError{Mechanism: q.Workload.Name, What: "bytes in a batch", Value: q.Batch * q.Size,
				Limit: mechanisms.Limit{N: batchRoom, Source: "ipcbench", Beyond: "each process holds one"}}
		}
		return nil
	}},
	{Name: "contract", Remedy: "a mechanism that offers what the workload plays on: `ipcbench list` has both", Refuse: func(q Asked) error {
		return refuse(q.Mechanism != nil && !q.Workload.PlaysOn(q.Mechanism), q.Cell.Mechanism, "its ends do not carry %v", q.Workload.Contract)
	}},
	{Name: "selection", Remedy: "a mechanism whose receiver chooses, such as sysvmsg", Refuse: func(q Asked) error {
		if m := q.Mechanism; m != nil && q.Workload.Contract == mechanisms.Selection {
			return refuse(!m.Selects, m.Name, "a receiver cannot choose among messages: %s", m.Facts.Traits.Selection.Text)
		}
		return nil
	}},
	{Name: "polls", Remedy: "a mechanism whose ends are descriptors", Refuse: func(q Asked) error {
		return refuse(q.Mechanism != nil && q.Workload.Polls && !q.Mechanism.Polls, q.Cell.Mechanism,
			"%s waits for several ends at once, and its ends are no descriptors that poll(2) or epoll(7) could wait for", q.Workload.Name)
	}},
}

// refuse is a refusal of what is named, where it is missing something.
func refuse(missing bool, name, format string, args ...any) error {
	if missing {
		return &mechanisms.UnsupportedError{Mechanism: name, What: fmt.Sprintf(format, args...)}
	}
	return nil
}

// Admit reports whether the workload can be played in the cell, on whatever
// mechanism: nil, or the refusal of one of Rules.
func (w *Workload) Admit(c results.Cell) error {
	return mechanisms.Ask(Rules, Asked{Cell: c, Workload: w})
}

// PlaysOn reports whether cells of the workload are planned with m. Of those
// that carry messages all are: the record of one that cannot run has the
// reason.
func (w *Workload) PlaysOn(m *mechanisms.Mechanism) bool {
	return m.Offers(w.Contract) || w.Contract == mechanisms.Selection && m.Offers(mechanisms.Messages)
}
