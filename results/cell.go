package results

import (
	"fmt"
	"strings"
)

// Name is the cell as a Go benchmark names it, without the "Benchmark" prefix:
// "PingPong/mech=pipe/size=64/queue=default/place=same".
func (c Cell) Name() string {
	switch {
	case c.Package != "":
		return c.Package + "." + c.Other
	case c.Other != "":
		return c.Other
	}
	var b strings.Builder
	b.WriteString(c.Workload)
	for i := range Axes[1:] {
		a := &Axes[1+i]
		if v := a.Of(&c); v != "" || a.Always {
			b.WriteString("/" + a.Key + "=" + v)
		}
	}
	return b.String()
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

// parseCell reads the axes in their order: those that every cell has, and of
// the others each at most once.
func parseCell(name string) (c Cell, err error) {
	c.Workload, name, _ = strings.Cut(name, "/")
	if !validWorkload.MatchString(c.Workload) {
		return c, fmt.Errorf("the workload must match %v", validWorkload)
	}
	for i := range Axes[1:] {
		a := &Axes[1+i]
		part, rest, _ := strings.Cut(name, "/")
		value, ok := strings.CutPrefix(part, a.Key+"=")
		switch {
		case !ok && a.Always:
			return c, fmt.Errorf("want %s=… where it has %s", a.Key, Quote(part))
		case !ok:
			continue
		}
		if err := a.read(&c, value); err != nil {
			return c, err
		}
		name = rest
	}
	if name != "" {
		return c, fmt.Errorf("want peers=…, an option or the end where it has %s", Quote(name))
	}
	return c, nil
}
