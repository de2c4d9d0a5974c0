package bench

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ipcbench/internal/suggest"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Bounds of a plan, besides those of its axes.
const (
	MaxLaunches = 1000             // per cell
	MinTime     = time.Millisecond // of one launch
	MaxTime     = time.Minute
)

// Check names the first value that the command line would not have let into the
// plan. A plan that is read from a file is no more than what the file holds: a
// message size of 2^42 B would be made as a buffer.
func (p Plan) Check() error {
	switch {
	case p.Launches < 1 || p.Launches > MaxLaunches:
		return fmt.Errorf("launches %d: want 1 to %d", p.Launches, MaxLaunches)
	case p.Time < MinTime || p.Time > MaxTime:
		return fmt.Errorf("time %v: want %v to %v", p.Time, MinTime, MaxTime)
	case len(p.Cells) == 0:
		return errors.New("no cells")
	}
	seen := map[results.Cell]bool{}
	for i, c := range p.Cells {
		if err := checkCell(c); err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
		if seen[c] {
			return fmt.Errorf("cell %d: %s is there already", i+1, c.Name())
		}
		seen[c] = true
	}
	return nil
}

// checkCell refuses what no combination of values of the axes makes. What a
// workload or a mechanism cannot do is for the run to skip.
func checkCell(c results.Cell) error {
	switch named, err := results.ParseCell(c.Name()); {
	case err != nil:
		return err
	case named != c:
		return fmt.Errorf("%s is the name of another cell", named.Name())
	}
	q, known := AskFor(c)
	if !known {
		if c.Workload == results.FloorWorkload {
			return unknown("floor", c.Mechanism, NamesOf(Floors, func(w *Workload) string { return w.Floor }))
		}
		return unknown("workload", c.Workload, Values(results.LookupAxis("workload")))
	}
	for i := range results.Axes {
		if err := results.Axes[i].Check(c); err != nil {
			return err
		}
	}
	w := q.Workload
	if w.Floor != "" {
		if planned, ok := w.cell(c.Size, c.Place); !ok || planned != c {
			return fmt.Errorf("%s is not planned: want it as run --floor %s plans it", c.Name(), w.Floor)
		}
		return nil
	}
	if q.Mechanism == nil {
		return unknown("mechanism", c.Mechanism, Values(results.LookupAxis("mech")))
	}
	if !w.PlaysOn(q.Mechanism) {
		return fmt.Errorf("workload %s plays on %v, which %s does not carry", strings.ToLower(w.Name), w.Contract, c.Mechanism)
	}
	if err := (Axes{Workloads: []string{w.Name}}).checkOptions(c.Options); err != nil {
		return err
	}
	var unsupported *mechanisms.UnsupportedError
	if err := w.Admit(c); err != nil && !errors.As(err, &unsupported) {
		return err
	}
	return nil
}

// AskedCell reads a cell as people type it: results.AskedCell with what its workload
// usually has, such as peers, or always, such as its size. A cell that no plan can have
// is refused, with the word that is near.
func AskedCell(text string) (results.Cell, error) {
	text, err := namedCell(text)
	if err != nil {
		return results.Cell{}, err
	}
	if name, _, more := strings.Cut(text, "/"); more && LookupWorkload(name) == nil && !strings.EqualFold(name, results.FloorWorkload) {
		return results.Cell{}, unknown("workload", name, Values(results.LookupAxis("workload")))
	}
	c, err := results.AskedCell(text)
	w := WorkloadOf(c)
	if err != nil || w == nil {
		return c, cmp.Or(err, checkCell(c))
	}
	if planned, ok := w.cell(c.Size, c.Place); ok && w.Floor != "" {
		c = planned
	}
	if w.Peers != "" && c.Peers == 0 {
		c.Peers = UsualPeers
	}
	if w.Size > 0 && !strings.Contains(text, "/size=") {
		c.Size, c.Queue = w.Size, 0
	}
	return c, checkCell(c)
}

// namedCell has the name of a mechanism in the place of the program that the cell names,
// as in PingPong/exec:./my-transport/size=4KiB.
func namedCell(text string) (string, error) {
	workload, rest, _ := strings.Cut(text, "/")
	if rest = strings.TrimPrefix(rest, "mech="); !strings.HasPrefix(rest, ExternalPrefix) {
		return text, nil
	}
	end := len(rest)
	for _, axis := range results.Axes {
		if at := strings.Index(rest, "/"+axis.Key+"="); at >= 0 {
			end = min(end, at)
		}
	}
	name, err := Named(rest[:end])
	return workload + "/" + name + rest[end:], err
}

// Check names the first value of the axes that does not exist.
func (a Axes) Check() error {
	for _, name := range a.Workloads {
		w := LookupWorkload(name)
		if w == nil {
			return unknown("workload", name, Values(results.LookupAxis("workload")))
		}
		for _, n := range a.Peers {
			if w.Peers != "" {
				if err := w.Admit(results.Cell{Peers: n, Size: w.Least}); err != nil {
					return err
				}
			}
		}
		for _, mech := range a.Mechanisms {
			if mechanisms.Lookup(mech) == nil {
				return unknown("mechanism", mech, Values(results.LookupAxis("mech")))
			}
		}
	}
	for _, name := range a.Floors {
		if LookupFloor(name) == nil {
			return unknown("floor", name, NamesOf(Floors, func(w *Workload) string { return w.Floor }))
		}
	}
	for _, place := range a.Places {
		if err := results.LookupAxis("place").Check(results.Cell{Place: place}); err != nil {
			return err
		}
	}
	for _, o := range a.Options {
		if err := a.checkOptions(o); err != nil {
			return err
		}
	}
	for _, size := range a.Sizes {
		if err := results.LookupAxis("size").Check(results.Cell{Size: size}); err != nil {
			return err
		}
	}
	return nil
}

// checkOptions names the first value that does not exist, or that none of the
// workloads takes.
func (a Axes) checkOptions(o results.Options) error {
	for i := range results.Axes {
		x := &results.Axes[i]
		v := o.Value(x.Key)
		if v == "" {
			continue
		}
		if err := x.Check(results.Cell{Options: o}); err != nil {
			return err
		}
		if !slices.ContainsFunc(a.Workloads, func(name string) bool { return LookupWorkload(name).takes(x) }) {
			return fmt.Errorf("%s=%s: none of the workloads %s takes it", x.Key, v, strings.ToLower(strings.Join(a.Workloads, ", ")))
		}
	}
	return nil
}

// CheckFit names the remedy where none of the workloads plays on any of the
// mechanisms, so that no cell is left.
func (a Axes) CheckFit() error {
	if len(a.Cells()) > 0 {
		return nil
	}
	w := LookupWorkload(a.Workloads[0])
	var fit []string
	for _, m := range mechanisms.All() {
		if w.PlaysOn(m) {
			fit = append(fit, m.Name)
		}
	}
	return fmt.Errorf("workload %s plays on %v, which no mechanism of %s carries: want one of %s",
		strings.ToLower(w.Name), w.Contract, strings.Join(a.Mechanisms, ", "), strings.Join(fit, ", "))
}

// ParseSize reads the size of a message, a whole number of bytes from 1 to
// results.MaxSize with an optional binary unit: "64", "4KiB".
func ParseSize(s string) (int, error) {
	var c results.Cell
	if err := results.LookupAxis("size").Set(&c, s); err != nil {
		return 0, fmt.Errorf("size %q: %w", s, err)
	}
	return c.Size, nil
}

func unknown(axis, got string, names []string) error {
	return fmt.Errorf("%s %q: %s", axis, got, suggest.Wanted(got, names, "ipcbench list"))
}

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
	{Name: "external", Remedy: "--workload pingpong, stream, fanin or pipeline, without --touch, of 8 bytes or more if it has several senders", Refuse: func(q Asked) error {
		if m := q.Mechanism; m == nil || m.Program == nil {
			return nil
		}
		several := q.Size < stampBytes && slices.ContainsFunc(q.Workload.Topology(q.Peers).Wires, func(w Wire) bool { return w.Senders > 1 })
		return cmp.Or(
			refuse(!q.Workload.Portable, q.Cell.Mechanism, "%s: external transports do not play it, docs/protocol.md", q.Workload.Name),
			refuse(q.Mechanism.Program.Plays != nil && !slices.Contains(q.Mechanism.Program.Plays, q.Workload.Name), q.Cell.Mechanism, "%s: its declaration has workloads: %s", q.Workload.Name, strings.Join(q.Mechanism.Program.Plays, ", ")),
			refuse(q.Touch != "", q.Cell.Mechanism, "touch=%s: external transports do not touch messages", q.Touch),
			refuse(several, q.Cell.Mechanism, "message size %d < %d: a message of several senders does not name its sender", q.Size, stampBytes))
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
