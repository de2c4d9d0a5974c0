package results

import (
	"fmt"
	"strings"
)

var validWord = struct{ workload, mechanism, place form }{
	workload:  newForm(`^[A-Z][A-Za-z0-9]{0,63}$`),
	mechanism: newForm(`^[a-z][a-z0-9]{0,63}$`),
	place:     newForm(`^[a-z]{1,32}$`),
}

// ParseCell reads a cell's name: the inverse of Cell.Name. It takes no
// "Benchmark" prefix and no "-GOMAXPROCS" suffix. Whatever it accepts is
// letters, digits, "=", "+" and "/", so it is safe to print anywhere.
func ParseCell(name string) (Cell, error) {
	c, err := parseCell(name)
	if err != nil {
		return Cell{}, fmt.Errorf("%s is not a cell: %w", Quote(name), err)
	}
	return c, nil
}

func parseCell(name string) (c Cell, err error) {
	c.Workload, name, _ = strings.Cut(name, "/")
	if !validWord.workload.MatchString(c.Workload) {
		return c, fmt.Errorf("the workload must match %v", validWord.workload)
	}
	axes := []struct {
		key   string
		parse func(string) error
	}{
		{"mech", func(s string) error { return word(&c.Mechanism, s, validWord.mechanism) }},
		{"size", func(s string) (err error) {
			if c.Size, err = ParseBytes(s); err != nil {
				err = fmt.Errorf("size %w", err)
			}
			return
		}},
		{"queue", func(s string) (err error) { c.Queue, err = ParseQueue(s); return }},
		{"place", func(s string) error { return word(&c.Place, s, validWord.place) }},
	}
	for _, axis := range axes {
		var part string
		part, name, _ = strings.Cut(name, "/")
		value, ok := strings.CutPrefix(part, axis.key+"=")
		if !ok {
			return c, fmt.Errorf("want %s=… where it has %s", axis.key, Quote(part))
		}
		if err := axis.parse(value); err != nil {
			return c, err
		}
	}
	return c, c.parseRest(name)
}

// parseRest reads what follows the axes that every cell has: each of them at
// most once, in the order of names.
func (c *Cell) parseRest(name string) error {
	peers := countOption("peers", func(*Options) *int { return &c.Peers })
	for _, x := range append([]option{peers}, options...) {
		part, rest, _ := strings.Cut(name, "/")
		value, ok := strings.CutPrefix(part, x.key+"=")
		if !ok {
			continue
		}
		if err := x.read(&c.Options, value); err != nil {
			return err
		}
		name = rest
	}
	if name != "" {
		return fmt.Errorf("want peers=…, an option or the end where it has %s", Quote(name))
	}
	return nil
}

func word(dst *string, s string, valid form) error {
	if !valid.MatchString(s) {
		return fmt.Errorf("%s does not match %v", Quote(s), valid)
	}
	*dst = s
	return nil
}

// ParseQueue reads a queue setting, the inverse of FormatQueue: "default" is 0.
func ParseQueue(s string) (int, error) {
	if s == "default" {
		return 0, nil
	}
	n, err := ParseBytes(s)
	if err != nil {
		return 0, fmt.Errorf("queue %q: want \"default\" or a whole number of bytes from 1 to %s, as in 64KiB", Quote(s), FormatBytes(maxBytes))
	}
	return n, nil
}
