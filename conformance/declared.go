package conformance

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"ipcbench/mechanisms"
)

var (
	manPage = regexp.MustCompile(`^[a-z][a-z0-9_.]*\([1-8]\)$`)
	docFile = regexp.MustCompile(`^Documentation/[a-z0-9_/]+\.rst$`)
	release = regexp.MustCompile(`^[0-9]+(\.[0-9]+)+$`)
)

func declared(b *bed) error {
	m := b.m
	switch {
	case m.Summary == "" || strings.Contains(m.Summary, "\n"):
		return fmt.Errorf("summary %q, want one line", m.Summary)
	case len(m.Man) == 0:
		return errors.New("no manual page")
	case !release.MatchString(m.Since):
		return fmt.Errorf("since %q, want the Linux release that brought it", m.Since)
	}
	for _, page := range m.Man {
		if !manPage.MatchString(page) {
			return fmt.Errorf("manual page %q, want one such as pipe(7)", page)
		}
	}
	if err := facts(m.Facts); err != nil {
		return err
	}
	if (m.Framing == mechanisms.Count) != !m.Offers(mechanisms.Messages) {
		return fmt.Errorf("framing %v, and messages %v", m.Framing, m.Offers(mechanisms.Messages))
	}
	l, err := m.Limits(0)
	if err != nil {
		return err
	}
	if c := l.Count; c.N > 0 && (c.Source == "" || c.Beyond == "") {
		return fmt.Errorf("limit %+v lacks its source or what lies beyond", c)
	}
	least := max(1, l.Least.N)
	if l.Least.N > 0 {
		if l.Least.Source == "" || l.Least.Beyond == "" {
			return fmt.Errorf("limit %+v lacks its source or what lies beyond", l.Least)
		}
		if err := named(l.Admit(m.Name, mechanisms.Spec{Size: least - 1, Senders: 1, Receivers: 1})); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		limit mechanisms.Limit
		spec  func(n int) mechanisms.Spec
	}{
		{l.Message, func(n int) mechanisms.Spec { return mechanisms.Spec{Size: n, Senders: 1, Receivers: 1} }},
		{l.Atomic, func(n int) mechanisms.Spec { return mechanisms.Spec{Size: n, Senders: 2, Receivers: 1} }},
		{l.Queue, func(n int) mechanisms.Spec { return mechanisms.Spec{Size: least, Senders: 1, Receivers: 1, Queue: n} }},
		{l.Messages, func(n int) mechanisms.Spec { return mechanisms.Spec{Size: least, Senders: 1, Receivers: 1, Queue: n} }},
		{l.Senders, func(n int) mechanisms.Spec { return mechanisms.Spec{Size: least, Senders: n, Receivers: 1} }},
		{l.Receivers, func(n int) mechanisms.Spec { return mechanisms.Spec{Size: least, Senders: 1, Receivers: n} }},
	} {
		if c.limit.N == 0 {
			continue
		}
		if c.limit.Source == "" || c.limit.Beyond == "" {
			return fmt.Errorf("limit %+v lacks its source or what lies beyond", c.limit)
		}
		if err := l.Admit(m.Name, c.spec(c.limit.N)); err != nil {
			return fmt.Errorf("at the limit: %w", err)
		}
		if err := named(l.Admit(m.Name, c.spec(c.limit.N+1))); err != nil {
			return err
		}
	}
	return nil
}

// longestObject is what a diagram has room for.
const longestObject = 30

// facts holds what a reader is shown to its form.
func facts(f mechanisms.Facts) error {
	switch n := strings.Count(f.Kernel, ". ") + 1; {
	case !strings.HasSuffix(f.Kernel, ".") || n < 2 || n > 8:
		return fmt.Errorf("kernel %q, want two to eight sentences", f.Kernel)
	case f.Path.Object == "" || len(f.Path.Object) > longestObject:
		return fmt.Errorf("object %q of the path, want 1 to %d characters", f.Path.Object, longestObject)
	case nothing(f.Path.Send) || nothing(f.Path.Receive):
		return fmt.Errorf("path %+v lacks a call, or a copy of its own", f.Path)
	case len(f.Cautions) == 0:
		return errors.New("no caution: what has a reader to beware of")
	}
	all := reflect.ValueOf(f.Traits)
	for i := range all.NumField() {
		if t := all.Field(i).Interface().(mechanisms.Trait); t.Text == "" || (len(t.Checks) == 0) != manPage.MatchString(t.Man) {
			return fmt.Errorf("trait %s is %+v, want a few words, and the statements that hold it true or the page that states it", all.Type().Field(i).Name, t)
		}
	}
	for _, c := range f.Cautions {
		if c.Text == "" || strings.Contains(c.Text, "\n") || !manPage.MatchString(c.Man) && !docFile.MatchString(c.Man) {
			return fmt.Errorf("caution %+v, want one line and a page such as pipe(7), or a file of the kernel's documentation", c)
		}
	}
	return nil
}

// nothing reports whether a side of a path does nothing at all.
func nothing(h mechanisms.Hop) bool {
	return h.Call == "" && h.Kernel == 0 && h.Own == 0 && len(h.Waits) == 0
}

// named holds a refusal to its form: nil where it names a number and its
// source, else what is wrong with it.
func named(refusal error) error {
	var u *mechanisms.UnsupportedError
	switch {
	case refusal == nil:
		return errors.New("admitted beyond its limit")
	case !errors.As(refusal, &u):
		return fmt.Errorf("not an *UnsupportedError: %w", refusal)
	case u.Limit.N <= 0 || u.Limit.Source == "":
		return fmt.Errorf("refused without a number and its source: %w", refusal)
	case !strings.Contains(refusal.Error(), strconv.Itoa(u.Limit.N)), !strings.Contains(refusal.Error(), u.Limit.Source):
		return fmt.Errorf("the text does not show %d (%s): %w", u.Limit.N, u.Limit.Source, refusal)
	}
	return nil
}
