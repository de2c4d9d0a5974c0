package conformance

import (
	"errors"
	"fmt"
	"time"

	"ipcbench/mechanisms"
)

// patience is how long one step may take, and a whole rule in one process. A
// rule in workers has ten times as long: the runner watches its steps.
var patience = 30 * time.Second

// settled is how long a thread has to fall asleep, and what a rule made to go.
var settled = 15 * time.Second

// HungError is a rule that did not come to an end.
type HungError struct {
	Rule  string
	After time.Duration
}

func (e *HungError) Error() string {
	return fmt.Sprintf("rule %s hung: no end within %v", e.Rule, e.After)
}

// verdict holds m to the rule: nil, or how m breaks it. It returns even where
// the mechanism does not.
func (r rule) verdict(m *mechanisms.Mechanism) error {
	b, err := newBed(m)
	if err != nil {
		return err
	}
	limit := patience
	if r.InWorkers {
		limit *= 10
	}
	done := make(chan error, 1)
	b.run(func() { done <- r.check(b) })
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case err := <-done:
		return errors.Join(err, b.close())
	case <-late.C:
		b.close() // wakes what it can; its own complaints follow from the hang
		return &HungError{r.Name, limit}
	}
}

// until looks once every so often, at most as long as that, and reports whether
// done was true, or the error that it returned.
func until(every, most time.Duration, done func() (bool, error)) (bool, error) {
	look := time.NewTicker(every)
	defer look.Stop()
	for late := time.After(most); ; {
		if ok, err := done(); ok || err != nil {
			return ok, err
		}
		select {
		case <-look.C:
		case <-late:
			return false, nil
		}
	}
}
