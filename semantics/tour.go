package semantics

import (
	"context"
	"fmt"
	"io"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// Step is one of a tour: what is done, the calls as they were made, and what
// would go wrong otherwise.
type Step struct {
	Title     string  `json:"title"`
	Text      string  `json:"text"`
	Story     []Event `json:"story"`
	Otherwise string  `json:"otherwise,omitempty"`
	Skipped   string  `json:"skipped,omitempty"` // why it was not done here
	Problem   string  `json:"problem,omitempty"` // why it did not go as described
}

// tours are for learners, by name.
var tours = map[string]func(*guide){"pipe": tourPipe, "fifo": tourFIFO, "sysv": tourSysV}

// TourNames are the names of all tours.
func TourNames() []string { return []string{"pipe", "fifo", "sysv"} }

// guide leads through a tour: what it does belongs to the last step.
type guide struct {
	*kernel
	steps []Step
}

// step begins a step.
func (g *guide) step(title, text, otherwise string) {
	g.settle()
	g.steps = append(g.steps, Step{Title: title, Text: text, Otherwise: otherwise})
}

func (g *guide) settle() {
	if n := len(g.steps); n > 0 {
		g.steps[n-1].Story = g.events
	}
	g.events = nil
}

// shows ends the tour where the kernel does not do what the text describes.
func (g *guide) shows(got, want any) {
	if a, b := fmt.Sprint(got), fmt.Sprint(want); a != b {
		panic(stop{Differs, say("the text expects %s, the kernel returned %s", b, a)})
	}
}

// tour makes every step of a tour until one fails.
func (k *kernel) tour(name string) (steps []Step) {
	g := &guide{kernel: k}
	defer k.finish()
	defer func() {
		p := recover()
		g.settle()
		steps = g.steps
		if p == nil || len(steps) == 0 {
			return
		}
		last := &steps[len(steps)-1]
		if s, ok := p.(stop); ok && s.verdict == Skipped {
			last.Skipped = s.reason
		} else if ok {
			last.Problem = s.reason
		} else {
			last.Problem = fmt.Sprint(p)
		}
	}()
	tours[name](g)
	return g.steps
}

// Tour makes the steps of a tour, in a process of its own. A step that failed
// is the last, with its reason.
func Tour(ctx context.Context, name string, o Options) ([]Step, error) {
	if tours[name] == nil {
		return nil, fmt.Errorf("there is no tour %q", name)
	}
	e, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	out, err := e.run(ctx, order{Tour: name, Lie: o.lies[name]}, name == "sysv")
	if closed := e.close(); err == nil {
		err = closed
	}
	return out.Steps, err
}

// columns that the text of a step may take.
const columns = 78

// WriteTour writes the steps for a screen.
func WriteTour(w io.Writer, screen text.Screen, steps []Step) error {
	columns := min(screen.Width(), columns)
	for i, s := range steps {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\n\n", screen.Paint(text.Strong, fmt.Sprintf("%d. %s", i+1, s.Title)))
		text.WrapAt(w, columns, "", "", s.Text)
		writeEvents(w, screen, s.Story)
		if s.Otherwise != "" {
			fmt.Fprintln(w)
			text.WrapAt(w, columns, "   ", "   ", s.Otherwise)
		}
		if s.Skipped != "" {
			fmt.Fprintln(w)
			writeLine(w, screen, "   skipped: ", "     ", results.Quote(s.Skipped))
		}
		if s.Problem != "" {
			fmt.Fprintln(w)
			writeLine(w, screen, screen.Paint(text.Bad, "   PROBLEM: "), "     ", results.Quote(s.Problem))
		}
	}
	return nil
}
