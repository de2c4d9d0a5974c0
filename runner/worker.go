package runner

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/reexec"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/all" // a worker opens ends of any
	"ipcbench/results"
)

// worker is a process that plays one part of a workload. One goroutine of it
// measures and, between rounds, answers the control connection.
type worker struct {
	conn      *conn
	ends      *bench.Ends
	part      bench.Part
	mechanism *mechanisms.Mechanism // of its ends; nil: it has none
	lost      func() int            // messages that the kernel has dropped on their way here

	dedicated bool // its goroutine has the main thread for itself, and bypasses Go's scheduler
	pins      bool // it is kept from the scheduler in rounds too
	gauge     gauge
	confine   func(*unix.CPUSet) error // lets it run on these CPUs alone

	failed workerReply // what goes with the error of a round
}

// workerMain is the main function of a worker. It plays a part on the main
// thread, to which its goroutine is locked.
func workerMain(token string) int {
	runtime.LockOSThread()
	c := newConn(controlFD)
	c.Conn = reexec.NewConn(reexec.FD(controlFD), c.f)
	w := &worker{conn: c, dedicated: true, pins: true, confine: confineThread}
	w.gauge = newThreadGauge()
	shares := ownFiles()
	sys.SetTimerSlack(sys.TimerSlack) // for this thread; others keep what they began with
	sys.Dedicate()
	return w.serve(token, shares)
}

// serve attaches and plays rounds until the session closes the connection. It
// returns the process's exit status. Shares is why a worker that should have a
// descriptor table of its own has none.
func (w *worker) serve(token string, shares error) int {
	c := w.conn
	ready, err := w.attach(token)
	if err != nil {
		c.Send(workerReply{Error: encodeError(err)})
		return 1
	}
	capacities, err := w.readCapacities()
	if err != nil {
		c.Send(workerReply{Error: encodeError(err)})
		return 1
	}
	if err := c.Send(workerReply{Ready: &ready, SharesFiles: shares != nil, Capacities: capacities, Cursors: w.ends.Cursors()}); err != nil {
		return 1
	}
	for {
		var play playRequest
		if err := c.Receive(&play); err != nil || len(play.Rounds) == 0 {
			return w.leave() // the launch is over, or the session has gone
		}
		var done *workerRound
		for _, r := range play.Rounds {
			if done, err = w.round(r, done); err != nil {
				w.failed.Error = encodeError(err)
				c.Send(w.failed)
				return 1
			}
		}
		if err := c.Send(workerReply{Done: done}); err != nil {
			return 1
		}
	}
}

// leave reads what must be the same after the rounds as before.
func (w *worker) leave() int {
	capacities, err := w.readCapacities()
	if err != nil {
		w.conn.Send(workerReply{Error: encodeError(err)})
		return 1
	}
	w.conn.Send(workerReply{Left: &leaving{Capacities: capacities}}) // a session that was killed does not read it
	return 0
}

// attach pins the worker and opens the part's ends.
func (w *worker) attach(token string) (s settings, err error) {
	var a assignment
	if err := w.conn.Receive(&a); err != nil {
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
			return s, outOfCPUSet(a.CPUs, err)
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
	if a.Factory != nil {
		// It allocates, and is not kept from the collector, which works beside it.
		w.pins = false
		runtime.GOMAXPROCS(2)
		mechanisms.Settle()
		w.ends.Mechanism, w.ends.Spec = mech, a.Factory.Spec
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

// countFDs is how many descriptors the tickets bring.
func countFDs(tickets []mechanisms.Ticket) (n int) {
	for _, t := range tickets {
		n += len(t.FDs)
	}
	return n
}

// readCapacities reads what the worker's ends hold, before its first round and
// after its last. A worker that makes its links itself has read that of the
// latest.
func (w *worker) readCapacities() (all []endCapacity, err error) {
	e := w.ends
	if e.Mechanism != nil {
		return []endCapacity{{Given: e.Made}}, nil
	}
	if w.mechanism == nil || w.mechanism.Capacity == nil {
		return nil, nil
	}
	read := func(wire int, end mechanisms.End) error {
		given, err := w.mechanism.Capacity(end)
		if err != nil {
			return fmt.Errorf("read the capacity of link %d: %w", wire+1, err)
		}
		if given.Source != "" {
			all = append(all, endCapacity{wire, end.Sends, nodesOf(end.Value), given})
		}
		return nil
	}
	for i, s := range e.Senders {
		if err := read(w.part.Sends[i], mechanisms.End{Value: s, Sends: true}); err != nil {
			return nil, err
		}
	}
	for i, r := range e.Receivers {
		if err := read(w.part.Receives[i], mechanisms.End{Value: r}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// nodesOf are the NUMA nodes of the memory that an end maps; nil: it maps none, or
// a filter or a kernel without nodes refuses the question.
func nodesOf(end any) []int {
	m, ok := end.(mechanisms.Mapped)
	if !ok {
		return nil
	}
	nodes, _ := sys.NodesOf(m.Mapped())
	return nodes
}

// round prepares, waits for the common start, plays, and returns the account. The
// message that it is armed carries the account of the round before, if there was
// one.
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
	leave := func() error { return nil }
	if r.Kind == Calm {
		var err error
		if leave, err = calm(); err != nil {
			return nil, err
		}
	}
	if err := w.conn.Send(workerReply{Armed: true, Done: before}); err != nil {
		return nil, err
	}
	if _, err := w.conn.ReadByte(); err != nil {
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
	if r.Rest > 0 {
		rest := unix.NsecToTimespec(int64(r.Rest))
		unix.Nanosleep(&rest, nil)
	}
	if fault := leave(); err == nil {
		err = fault
	}
	if err == nil {
		err = e.Finish(r.N)
	}
	if err != nil {
		return nil, w.place(err, end)
	}
	waited = e.Waited - waited
	done := &workerRound{
		Start: start, End: end - int64(waited), Waited: int64(waited), Progress: e.Progress(start), Receives: w.part.Origins > 0,
		Verified: e.Verified, Sent: e.Sent, Taken: e.Taken, Usage: used,
	}
	if r.Kind != Traced {
		if cpu, ok := sys.CPU(); ok && e.CPUs == nil {
			done.CPU = results.Known(int64(cpu))
		}
		if done.Settings, err = readSettings(); err != nil {
			return nil, err
		}
	}
	if waited > 0 {
		done.WaitedFor = mechanisms.WaitedFor()
	}
	if r.Steady {
		done.Steady = e.Steady(r.N)
	}
	if hist != nil {
		done.ClockNs = clockCost()
		done.Latencies = pack(hist)
	}
	return done, nil
}

// place notes when a round failed and at which message. It adds to what a check
// found how many messages the kernel has dropped, and names the call that found
// an end of file, which Recv returns bare.
func (w *worker) place(err error, at int64) error {
	w.failed.At = at
	var check *bench.CheckError
	if errors.As(err, &check) {
		check.Lost = w.lost()
	}
	if m := w.mechanism; err == io.EOF && m != nil {
		call := cmp.Or(m.Facts.Path.Receive.Call, "recv")
		err = mechanisms.Failed("recv", m.Name, w.ends.Size(), endOfFile(call))
	}
	var call *mechanisms.Error
	if errors.As(err, &call) {
		w.failed.Message = w.ends.Position(call.Op == "send")
	}
	return err
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

// outOfCPUSet names the CPU that was taken from this process since its launch was
// asked for: the reason for which sched_setaffinity(2) refuses it.
func outOfCPUSet(asked []int, refused error) error {
	allowed, err := host.AllowedCPUs()
	for _, cpu := range asked {
		if err == nil && !slices.Contains(allowed, cpu) {
			return fmt.Errorf("CPU %d is no longer in the cpuset, which has %v: give it back, or start another run, cpuset(7)", cpu, allowed)
		}
	}
	return refused
}

// confineThread lets the measuring thread run on these CPUs alone.
func confineThread(set *unix.CPUSet) error {
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, set))
}

// ownFiles gives the calling thread, to which its goroutine must be locked, a
// table of descriptors of its own, unshare(2). Where threads share one, the
// kernel counts a reference to the file in every call, by an atomic operation
// that a program with one thread is spared: the runtime's idle threads would
// cost a sixth of a short message. An error says that this is not permitted.
func ownFiles() error {
	// The runtime's poller must exist in both tables: any thread may wait in it.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	w.Close()
	if err = unix.Unshare(unix.CLONE_FILES); err != nil {
		// Filters that refuse the one may let the other pass: nothing is closed.
		err = unix.CloseRange(math.MaxUint32, math.MaxUint32, unix.CLOSE_RANGE_UNSHARE)
	}
	return os.NewSyscallError("unshare", err)
}

// closeEverywhere closes n descriptors from fd on, in the calling thread's
// table and in that of all other threads.
func closeEverywhere(fd, n int) {
	closed := make(chan struct{})
	go func() { // on one of the others: the caller's goroutine is locked to its thread
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		closeAll(fd, n)
		close(closed)
	}()
	<-closed
	closeAll(fd, n)
}

// closeAll closes n descriptors from fd on.
func closeAll(fd, n int) {
	for i := range n {
		unix.Close(fd + i)
	}
}
