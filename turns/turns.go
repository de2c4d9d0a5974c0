// Package turns runs two shell commands in turns, and writes the figures that they
// print, or the time that they take, as benchmark text that a comparison pairs.
package turns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"ipcbench/results"
)

// Plan is what is run.
type Plan struct {
	Commands [2]string     // for /bin/sh, of side A and B
	Prepare  string        // before each execution of either; "": nothing
	Conclude string        // after each; what Prepare leaves running ends with it
	Pairs    int           // executions of each side, at least 1
	Timeout  time.Duration // of each execution, and of Prepare and Conclude
	Wall     bool          // the figure is the time that the command takes
	Seed     uint64        // of the order in each pair

	Sides  [2]*results.TurnWriter
	Stderr *os.File                          // of Prepare and Conclude
	Before func(pair int)                    // is called before each, from 1
	First  func(a, b *results.Figures) error // is called with the figures of the first, before they are written
	Note   func(what string)                 // is given what is to be known of the figures, once each
}

// names of the sides, as flags have them.
var names = [2]string{"--a", "--b"}

// Run runs the pairs, each in random order, and writes both figures of a pair once it
// has them. A pair in which a signal stopped an execution is run again.
func (p *Plan) Run(ctx context.Context) error {
	order := rand.New(rand.NewPCG(p.Seed, 0))
	repeated := [2]bool{}
	for pair := 1; pair <= p.Pairs; pair++ {
		p.Before(pair)
		first := order.IntN(2)
		var began [2]time.Time
		var figures [2]*results.Figures
		for again := true; again; {
			again = false
			for _, side := range []int{first, 1 - first} {
				e, f, err := p.measure(ctx, side)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					return fmt.Errorf("%s, pair %d: %w", names[side], pair, err)
				}
				began[side], figures[side] = e.began, f
				again = again || e.stopped
			}
		}
		for side, f := range figures {
			if f.Repeated != "" && !repeated[side] {
				repeated[side] = true
				p.Note(fmt.Sprintf("%s prints %s several times in an execution: their median is the figure", names[side], results.Quote(f.Repeated)))
			}
		}
		if pair == 1 {
			if err := cmp.Or(p.common(figures), p.First(figures[0], figures[1])); err != nil {
				return err
			}
		}
		for side, w := range p.Sides {
			if err := w.Write(figures[side], pair, began[side]); err != nil {
				return err
			}
		}
	}
	return nil
}

// common notes which figures one side alone has. There must be one that both have.
func (p *Plan) common(f [2]*results.Figures) error {
	var all [2][]string
	var has [2]map[string]bool
	for side := range f {
		has[side] = map[string]bool{}
		for i := range f[side].Records {
			name := f[side].Records[i].Cell.Name()
			if !has[side][name] { // configurations have one name
				has[side][name], all[side] = true, append(all[side], name)
			}
		}
	}
	both := false
	for side := range all {
		alone := slices.DeleteFunc(slices.Clone(all[side]), func(name string) bool { return has[1-side][name] })
		both = both || len(alone) < len(all[side])
		if both && len(alone) > 0 {
			p.Note(fmt.Sprintf("%s alone prints %s: not compared", names[side], results.Some(alone, ", ")))
		}
	}
	if !both {
		return fmt.Errorf("no name is on both sides: --a prints %s, --b prints %s: print what is to be compared under one name", results.Some(all[0], ", "), results.Some(all[1], ", "))
	}
	return nil
}

// measure executes a side once, between Prepare and Conclude. Conclude comes after a
// failure too.
func (p *Plan) measure(ctx context.Context, side int) (e execution, f *results.Figures, err error) {
	env := append(os.Environ(), "IPCBENCH_SIDE="+string("ab"[side]))
	prepared, err := p.beside(ctx, "--prepare", p.Prepare, env)
	if prepared != nil {
		defer prepared.end() // what it left running, once Conclude is over
	}
	if err != nil {
		return e, nil, err
	}
	e, err = execute(ctx, p.Commands[side], env, p.Timeout)
	concluded, after := p.beside(ctx, "--conclude", p.Conclude, env)
	if concluded != nil {
		concluded.end()
	}
	if err = cmp.Or(err, after); err != nil {
		return e, nil, err
	}
	text := e.stdout
	if p.Wall {
		text = fmt.Appendf(nil, "Benchmarkcommand 1 %d ns/op %d cpu-ns/op\n", e.took, e.cpu)
	}
	if f, err = results.ReadFigures("standard output", text); err != nil {
		return e, nil, err
	}
	if len(f.Records) == 0 {
		return e, nil, errors.New("it prints no figure: want " + results.FigureForms + " on standard output; --measure wall takes the time of the command instead")
	}
	return e, f, nil
}

// beside runs a command that is not measured, nothing where it is "". The group of
// what it returns is to be ended.
func (p *Plan) beside(ctx context.Context, flag, command string, env []string) (*process, error) {
	if command == "" || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	c, err := launch(command, env, null, p.Stderr)
	if err == nil {
		_, err = c.await(ctx, p.Timeout)
	}
	if err == nil {
		err = c.failed()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", flag, err)
	}
	return c, err
}
