package runner

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/all" // a worker opens ends of any
	"ipcbench/results"
)

// worker is a process that plays one part of a workload. It has one goroutine
// of ours, which measures and answers its control connection in turn.
type worker struct {
	conn      *conn
	ends      *bench.Ends
	part      bench.Part
	mechanism *mechanisms.Mechanism // of its ends; nil: it has none
	lost      func() int            // messages that the kernel has dropped on their way here

	dedicated bool // its goroutine has the main thread for itself, and tells Go's scheduler nothing
	pins      bool // it is kept from the scheduler in rounds too
	gauge     gauge
	confine   func(*unix.CPUSet) error // lets it run on these CPUs alone
}

// workerMain plays a part on the main thread, to which its goroutine is locked.
func workerMain(c *conn, token string) int {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	w := &worker{conn: c, dedicated: true, pins: true, confine: confineThread}
	w.gauge = newThreadGauge()
	shares := ownFiles()
	sys.SetTimerSlack(sys.TimerSlack) // for this thread; others keep what they began with
	sys.Dedicate()
	c.r = bufio.NewReader(standing(controlFD))
	return w.serve(token, shares)
}

// serve attaches and plays rounds until the session closes the connection. It
// returns the process's exit status. Shares tells why the worker has no
// descriptor table of its own that ought to have one.
func (w *worker) serve(token string, shares error) int {
	c := w.conn
	ready, err := w.attach(token)
	if err != nil {
		c.send(workerReply{Error: encodeError(err)})
		return 1
	}
	holds, err := w.held()
	if err != nil {
		c.send(workerReply{Error: encodeError(err)})
		return 1
	}
	if err := c.send(workerReply{Ready: &ready, SharesFiles: shares != nil, Held: holds}); err != nil {
		return 1
	}
	for {
		var play playRequest
		if err := c.receive(&play); err != nil {
			return w.leave() // the session has closed: the launch is over
		}
		var done *workerRound
		for _, r := range play.Rounds {
			if done, err = w.round(r, done); err != nil {
				c.send(workerReply{Error: encodeError(err)})
				return 1
			}
		}
		if err := c.send(workerReply{Done: done}); err != nil {
			return 1
		}
	}
}

// leave reads what is to be the same after the rounds as before.
func (w *worker) leave() int {
	holds, err := w.held()
	if err != nil {
		w.conn.send(workerReply{Error: encodeError(err)})
		return 1
	}
	w.conn.send(workerReply{Left: &leaving{Held: holds}}) // a session that was killed does not hear it
	return 0
}

// confineThread lets the measuring thread run on these CPUs alone.
func confineThread(set *unix.CPUSet) error {
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, set))
}

// attach pins the worker and opens the part's ends.
func (w *worker) attach(token string) (s settings, err error) {
	var a assignment
	if err := w.conn.receive(&a); err != nil {
		return s, fmt.Errorf("read assignment: %w", err)
	}
	if a.Token != token {
		return s, errors.New("the parent does not know this worker's token")
	}
	workload := bench.WorkloadOf(a.Cell)
	if workload == nil {
		return s, fmt.Errorf("%s: unknown workload", a.Cell.Name())
	}
	w.part = workload.Topology(a.Cell.Peers).Parts[a.Part]
	if len(a.CPUs) > 0 {
		var set unix.CPUSet
		for _, cpu := range a.CPUs {
			set.Set(cpu)
		}
		if err := w.confine(&set); err != nil {
			return s, err
		}
	}
	w.ends = bench.NewEnds(w.part, a.Cell, a.Seed)
	w.ends.CPUs = a.CPUs
	inherited := countFDs(a.Senders) + countFDs(a.Receivers)
	if a.Shared > 0 {
		inherited++
		if w.ends.Shared, err = sys.Mmap(ticketFD, a.Shared); err != nil {
			return s, err
		}
	}
	mech := mechanisms.Lookup(a.Cell.Mechanism)
	if err := w.ends.Open(mech, a.Senders, a.Receivers); err != nil {
		return s, err
	}
	w.mechanism = mech
	w.lost = func() int { return lost(mech, a.Receivers) }
	if a.Makes != nil {
		// It allocates, and is not kept from the collector, which works beside it.
		w.pins = false
		runtime.GOMAXPROCS(2)
		mechanisms.Settle()
		w.ends.Mechanism, w.ends.Spec = mech, *a.Makes
		debug.SetMemoryLimit(makerMemory)
	}
	if w.part.Prepare != nil {
		if err := w.part.Prepare(w.ends); err != nil {
			return s, err
		}
	}
	// An end owns a copy of what its ticket brought. What the ticket brought
	// itself would keep a link open after its end has closed.
	if w.dedicated {
		closeEverywhere(ticketFD, inherited)
	} else {
		closeAll(ticketFD, inherited)
	}
	return readSettings()
}

func countFDs(tickets []mechanisms.Ticket) (n int) {
	for _, t := range tickets {
		n += len(t.FDs)
	}
	return n
}

// round prepares, waits for the common start, plays, and accounts. With being
// armed it tells the account of the round before, if there was one.
func (w *worker) round(r roundRequest, before *workerRound) (*workerRound, error) {
	e := w.ends
	e.Carry(r.Kind.content())
	e.Latency, e.Marks = nil, make([]int64, r.Marks)
	var hist *hdrhistogram.Histogram
	if r.Kind == Latency && w.part.Timer {
		hist = results.NewHistogram()
		e.Latency = hist
	}
	gauge := w.gauge
	if r.Kind == Traced {
		gauge = unseen{}
	}
	gauge.arm()
	if err := w.conn.send(workerReply{Armed: true, Done: before}); err != nil {
		return nil, err
	}
	if _, err := w.conn.r.ReadByte(); err != nil {
		return nil, fmt.Errorf("wait for the start: %w", err)
	}

	gauge.start()
	if w.pins {
		sys.Pin()
	}
	waited := e.Waited
	start := sys.Monotonic()
	_, err := e.Play(r.N)
	end := sys.Monotonic()
	if w.pins {
		sys.Unpin()
	}
	used := gauge.stop()

	if err == nil {
		err = e.Finish(r.N)
	}
	if err != nil {
		return nil, w.explain(err)
	}
	waited = e.Waited - waited
	done := &workerRound{
		Start: start, End: end - int64(waited), Waited: int64(waited), Progress: e.Progress(start), Receives: w.part.Origins > 0,
		Verified: e.Verified, Sent: e.Sent, Taken: e.Taken, Usage: used,
	}
	if r.Kind != Traced {
		if done.Settings, err = readSettings(); err != nil {
			return nil, err
		}
	}
	if waited > 0 {
		done.WaitedFor = mechanisms.WaitedFor()
	}
	if hist != nil {
		done.ClockNs = clockCost()
		done.Latencies = pack(hist)
	}
	return done, nil
}

// clockCost is what one reading of the clock adds to each recorded operation,
// in ns.
func clockCost() float64 {
	const n = 2000
	base := time.Now()
	var last time.Duration
	for range n {
		last = time.Since(base)
	}
	return float64(last) / n
}

// standing reads a descriptor without letting Go's scheduler know that it
// waits. The runtime's monitor, which sleeps when a program does, and wakes up
// with it to look every 20 µs what there is to do, then sees a program that
// runs all the time, and looks every 10 ms. In rounds it would take a CPU from
// a peer each time, and make somebody sleep.
type standing int

func (fd standing) Read(p []byte) (int, error) {
	n, err := sys.Read(int(fd), p)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}
