package results

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ipcbench/internal/suggest"
)

// Axis is a dimension that a plan varies. Axes is the one table of them: the
// names of cells, the flags of `ipcbench run` and `go test -bench` with help and
// completion, what `run --resume` refuses, the checks of a plan, the keys of
// `compare --by`, `ipcbench list` and the list in the documents derive from it.
//
// The table is here and not in package bench since names are parsed, sorted and
// compared here, and this package imports none of ours. What depends on a
// registry (workloads, mechanisms) or on a workload (which options it takes) is
// added in bench/axis.go.
type Axis struct {
	Key    string  // in names, and the flag: "mech"
	Column string  // in files for other programs, with its unit; "": the key
	Help   string  // one line, without the values
	Values []Value // words, the usual one first; none: numbers, or names of a registry

	// Bounds of a number in a plan. Most 0: the axis has no numbers.
	Least, Most int
	Unit        string // of the bounds in a message: "messages a call"

	Always bool // every name states it; others are left out at their usual value
	Link   bool // an option of the link alone: every workload takes it
	Found  bool // a run finds it out: no plan asks for it

	// One of these is where a cell keeps the value. Without one it is kept in
	// Options.Further.
	text   func(*Cell) *string
	number func(*Cell) *int
	on     func(*Cell) *bool // the second of Values

	valid *form                        // of a text in a name; nil: validOption
	parse func(string) (string, error) // of a text that no form describes
	bytes bool                         // the number counts bytes: "4KiB"
	usual int                          // the number that a flag gives for the usual value; 0: none
	gone  string                       // in place of a text that is always there, once it is forgotten
}

// Value is a word that an axis may have.
type Value struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
}

// Bounds of the axes that have numbers.
const (
	MaxSize  = 16 << 20   // bytes: every worker holds a few messages
	MaxPeers = 64         // each is a process
	MaxBatch = 256        // messages that one call hands over
	MaxRate  = 10_000_000 // messages a second: more than any link takes, one message a call
)

// MemoryNode is the key of the axis that the engine itself reads.
const MemoryNode = "memory-node"

// Axes is all of them, in the order of names. A new option is an entry here;
// what it does is up to the workloads that take it, or to mechanisms.Spec.
var Axes = []Axis{
	{Key: "workload", Help: "workloads", Always: true, text: func(c *Cell) *string { return &c.Workload }, valid: &validWorkload, gone: "All"},
	{Key: "mech", Column: "mechanism", Help: "mechanisms", Always: true, text: func(c *Cell) *string { return &c.Mechanism }, valid: &validMechanism, gone: "all"},
	{Key: "size", Column: "size_bytes", Help: "message sizes in bytes, as in 64 or 4KiB; k and KB are KiB, 1024 bytes", Always: true, number: func(c *Cell) *int { return &c.Size }, bytes: true, Least: 1, Most: MaxSize},
	{Key: "queue", Column: "queue_asked_bytes", Help: "capacity of a link in bytes", Always: true, number: func(c *Cell) *int { return &c.Queue }, bytes: true, Least: 1, Most: maxBytes,
		Values: []Value{{"default", "what the kernel gives"}}},
	{Key: "place", Help: "where processes run", Always: true, text: func(c *Cell) *string { return &c.Place }, gone: "all", Values: []Value{
		{"free", "unpinned: where the scheduler puts them"},
		{"same", "all processes on the same CPU"},
		{"smt", "on the hardware threads of one processor core"},
		{"cross", "on different CPUs: different cores, those of one socket first"},
		{"socket", "on cores of different sockets, in turn"},
	}},
	{Key: "peers", Help: "processes of a kind, if a workload varies their number", number: func(c *Cell) *int { return &c.Peers }, Least: 1, Most: MaxPeers},
	{Key: "wait", Help: "how an end waits that is a descriptor", Link: true, text: func(c *Cell) *string { return &c.Wait }, Values: []Value{
		{"block", "in the call that moves the message"},
		{"poll", "in poll(2)"},
		{"epoll", "in epoll_wait(2)"},
		{"spin", "by trying again at once"},
	}},
	{Key: "batch", Help: "messages that one call hands over", number: func(c *Cell) *int { return &c.Batch }, usual: 1, Least: 2, Most: MaxBatch, Unit: "messages a call"},
	{Key: "touch", Help: "what the receiver does with every byte", text: func(c *Cell) *string { return &c.Touch }, Values: []Value{
		{"none", "nothing: it checks the stamp alone"},
		{"read", "it reads every byte"},
		{"write", "it writes every byte anew"},
	}},
	{Key: "copy", Help: "whether messages are copied", on: func(c *Cell) *bool { return &c.InPlace }, Values: []Value{
		{"1", "they are"},
		{"0", "both sides work in place, in the link's own memory, if the mechanism permits it"},
	}},
	{Key: "memory", Help: "what backs shared memory", Link: true, text: func(c *Cell) *string { return &c.Memory }, Values: []Value{
		{"default", "the mechanism's own choice"},
		{"memfd", "memfd_create(2)"},
		{"shm", "a file below /dev/shm"},
		{"file", "an unnamed file of an ordinary file system"},
		{"huge", "huge pages"},
	}},
	{Key: "given", Help: "the capacity that the kernel gave, where it is not the usual one", Found: true, text: func(c *Cell) *string { return &c.Given }, parse: readGiven},
	{Key: "host", Column: "host_class", Help: "the class of its host, in a merged run whose hosts are of several", Found: true, text: func(c *Cell) *string { return &c.Class }, valid: &validClass},
	{Key: "rate", Column: "rate_messages_per_second", Help: "messages a second that are due", number: func(c *Cell) *int { return &c.Rate }, Least: 1, Most: MaxRate, Unit: "messages a second"},
	{Key: MemoryNode, Column: "memory_node", Help: "NUMA node of a link's shared memory", Link: true, Values: []Value{
		{"default", "where the kernel takes it"},
		{"local", "the node of the first process"},
		{"remote", "another node"},
	}},
}

// What the texts of names look like.
var (
	validWorkload  = newForm(`^[A-Z][A-Za-z0-9]{0,63}$`)
	validMechanism = newForm(`^[a-z][a-z0-9]{0,63}$`)
	validOption    = newForm(`^[a-z]{1,32}$`)
	validFurther   = newForm(`^[a-z0-9]{1,32}$`)
	validClass     = newForm(`^([2-9]|[1-9][0-9]{1,3})$`)
)

// LookupAxis returns the axis of that key, or nil.
func LookupAxis(key string) *Axis {
	if i := slices.IndexFunc(Axes, func(a Axis) bool { return a.Key == key }); i >= 0 {
		return &Axes[i]
	}
	return nil
}

// Names are the words that the axis may have, the usual one first.
func (a *Axis) Names() (names []string) {
	for _, v := range a.Values {
		names = append(names, v.Name)
	}
	return names
}

// Of is the cell's value as names have it: "" where that leaves it out.
func (a *Axis) Of(c *Cell) string {
	switch {
	case a.text != nil:
		return *a.text(c)
	case a.on != nil && *a.on(c):
		return a.Values[1].Name
	case a.on != nil:
		return ""
	case a.number == nil:
		return c.further(a.Key)
	}
	switch n := *a.number(c); {
	case n <= 0 && !a.Always:
		return ""
	case n == 0 && a.Values != nil:
		return a.Values[0].Name
	default:
		return a.format(n)
	}
}

// Set gives the cell a value as a flag has it: the usual one too, and a number
// within its bounds. Its error begins with what is wanted. Whether a registry
// has the name is not known here.
func (a *Axis) Set(c *Cell, s string) error {
	switch {
	case !a.Always && s == a.Usual():
		a.Clear(c)
		return nil
	case a.number != nil || a.Values == nil && a.Most > 0:
		if a.bytes {
			s = TypedBytes(s)
		}
		if a.Values != nil && s == a.Values[0].Name {
			break
		}
		if _, err := a.parseNumber(s, a.Most); err != nil {
			return err
		}
	case a.Values != nil && !slices.Contains(a.Names(), s):
		return errors.New(suggest.Wanted(s, a.Names(), "ipcbench list axes"))
	}
	return a.read(c, s)
}

// Usual is how a flag asks for the value that names leave out; "": it cannot.
func (a *Axis) Usual() string {
	switch {
	case a.Values != nil:
		return a.Values[0].Name
	case a.usual > 0:
		return strconv.Itoa(a.usual)
	}
	return ""
}

// Range is what a flag may give: "block, poll, epoll, spin", "1 to 16MiB"; ""
// where a registry has the values.
func (a *Axis) Range() string {
	var parts []string
	if a.Values != nil {
		parts = append(parts, strings.Join(a.Names(), ", "))
	}
	if a.Most > 0 {
		parts = append(parts, a.Bounds())
	}
	return strings.Join(parts, " or ")
}

// Bounds are those of the numbers that a flag may give: "1 to 16MiB"; "" where
// the axis has none.
func (a *Axis) Bounds() string {
	if a.Most == 0 {
		return ""
	}
	least := a.Least
	if a.usual > 0 {
		least = a.usual
	}
	return a.format(least) + " to " + a.format(a.Most)
}

// InBytes reports whether its numbers are bytes, which a flag may give a unit.
func (a *Axis) InBytes() bool { return a.bytes }

// Check names a value of the cell that no flag could have given it. Whether a
// registry has the name is not known here.
func (a *Axis) Check(c Cell) error {
	v := a.Of(&c)
	switch {
	case v == "":
	case a.Found:
		return fmt.Errorf("%s=%s is %s: it cannot be asked for", a.Key, v, a.Help)
	case a.Values != nil && v == a.Values[0].Name && a.Always:
	case a.Most > 0:
		n, err := a.parseNumber(v, maxNumber)
		if err == nil && n >= a.Least && n <= a.Most {
			return nil
		}
		want := "at most " + a.format(a.Most)
		if a.Least > 1 {
			want = a.format(a.Least) + " to " + a.format(a.Most)
		}
		return errors.New(strings.TrimSpace(fmt.Sprintf("%s %s: want %s %s", a.Key, Quote(v), want, a.Unit)))
	case a.Values != nil:
		if i := slices.Index(a.Names(), v); i < 0 || i == 0 && !a.Always {
			return fmt.Errorf("%s %q: %s", a.Key, Quote(v), suggest.Wanted(v, a.Names(), "ipcbench list axes"))
		}
	}
	return nil
}

// Clear makes the cell one that does not say where it is on the axis.
func (a *Axis) Clear(c *Cell) {
	switch {
	case a.text != nil:
		*a.text(c) = a.gone
	case a.on != nil:
		*a.on(c) = false
	case a.number != nil:
		*a.number(c) = 0
		if a.Always && a.Values == nil {
			*a.number(c) = a.Least
		}
	default:
		c.setFurther(a.Key, "")
	}
}

// read gives the cell the value that a name has: the inverse of Of. A name may
// have a value that no plan of today has.
func (a *Axis) read(c *Cell, s string) (err error) {
	switch {
	case a.on != nil:
		if *a.on(c) = s == a.Values[1].Name; !*a.on(c) {
			err = fmt.Errorf("%s %s: want %s", a.Key, Quote(s), a.Values[1].Name)
		}
	case a.parse != nil:
		*a.text(c), err = a.parse(s)
	case a.number != nil && a.Values != nil && s == a.Values[0].Name:
		*a.number(c) = 0
	case a.number != nil:
		if *a.number(c), err = a.parseNumber(s, maxNumber); err != nil {
			err = fmt.Errorf("%s %q: %w", a.Key, Quote(s), err)
		}
	case !a.form().MatchString(s):
		err = fmt.Errorf("%s does not match %v", Quote(s), a.form())
	case a.text != nil:
		*a.text(c) = s
	default:
		c.setFurther(a.Key, s)
	}
	return err
}

// form is what a text in a name looks like.
func (a *Axis) form() form {
	switch {
	case a.valid != nil:
		return *a.valid
	case a.text == nil:
		return validFurther
	}
	return validOption
}

// maxNumber is the largest number that a name has, but for bytes.
const maxNumber = 1<<31 - 1

// parseNumber reads a number from 1 to most. Its error begins with what is
// wanted.
func (a *Axis) parseNumber(s string, most int) (n int, err error) {
	want := "a whole number from 1 to "
	example := ""
	if a.bytes {
		most = min(most, maxBytes)
		n, err = ParseBytes(s)
		want, example = "a whole number of bytes from 1 to ", ", as in 64, 4KiB or 1MiB"
	} else {
		var u uint64
		u, err = strconv.ParseUint(s, 10, 31)
		n = int(u)
	}
	if err == nil && n >= 1 && n <= most {
		return n, nil
	}
	if a.Values != nil {
		want = strconv.Quote(a.Values[0].Name) + " or " + want
	}
	return 0, errors.New("want " + want + a.format(most) + example)
}

func (a *Axis) format(n int) string {
	if a.bytes {
		return FormatBytes(n)
	}
	return strconv.Itoa(n)
}

// further is the value of an axis that has no field of its own; "" where it is
// the usual one.
func (o *Options) further(key string) string {
	for part := range strings.SplitSeq(o.Further, "/") {
		if value, ok := strings.CutPrefix(part, key+"="); ok {
			return value
		}
	}
	return ""
}

// setFurther keeps the values in the order of Axes, so that equal cells are
// equal.
func (o *Options) setFurther(key, value string) {
	var parts []string
	for i := range Axes {
		k, v := Axes[i].Key, o.further(Axes[i].Key)
		if k == key {
			v = value
		}
		if v != "" {
			parts = append(parts, k+"="+v)
		}
	}
	o.Further = strings.Join(parts, "/")
}
