package semantics

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"ipcbench/internal/objects"
	"ipcbench/internal/sys"
)

// order is what the engine sends the process of a check, or of a tour.
type order struct {
	ID   string `json:"id"`
	Tour string `json:"tour,omitempty"`
	Dir  string `json:"dir"`           // private directory, to be made: the working directory
	Own  bool   `json:"own,omitempty"` // in an IPC namespace of its own
	Lie  *Lie   `json:"lie,omitempty"`
}

// reply is what that process sends back in the end.
type reply struct {
	Finding Finding `json:"finding"`
	Calls   int     `json:"calls"` // answers that there were
	Clean   bool    `json:"clean"` // another check can follow in the same process
	Steps   []Step  `json:"steps,omitempty"`
}

// checkMain is the main function of the process of a check, and of the checks
// after it, as long as none leaves a trace.
func checkMain() int {
	unix.CloseOnExec(keeperFD)
	c := newConn(controlFD)
	// The runtime's poller takes its descriptors now, not in the middle of a check.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	making := new(sync.Mutex)
	go endWith(controlFD, making)
	first := openFDs()
	for {
		var o order
		if c.Receive(&o) != nil {
			return 0 // the engine has gone
		}
		out, err := o.carryOut(making)
		if out.Clean {
			closeOthers(first)
			letGo()
			out.Clean = fits()
		}
		if err == nil {
			err = c.Send(out)
		}
		if err != nil {
			return fail(err)
		}
		if !out.Clean {
			return 0
		}
	}
}

func (o order) carryOut(making *sync.Mutex) (out reply, err error) {
	ownNamespace = o.Own
	k := &kernel{host: newHost(), lie: o.Lie, making: making, errnos: map[syscall.Errno]int{}}
	k.proc = &proc{k: k, pid: os.Getpid()}
	if !o.Own {
		k.notes = objects.Inherited(os.NewFile(keeperFD, "notes"))
	}
	// Names are relative to it, in peers too.
	if err := errors.Join(unix.Mkdir(o.Dir, 0o700), unix.Chdir(o.Dir)); err != nil {
		return out, err
	}
	if o.Tour != "" {
		out.Steps = k.tour(o.Tour)
	} else if check := Lookup(o.ID); check != nil {
		out.Finding = check.run(k)
		out.Finding.Story = k.events
		out.Clean = out.Finding.Verdict != Broken && !k.changed && k.begun.Load() == 0
	} else {
		return out, fmt.Errorf("there is no statement %s", o.ID)
	}
	out.Calls = k.calls
	return out, nil
}

// manyFDs is a number of descriptors that no check gets to.
const manyFDs = 1024

// openFDs are the open descriptors of this process, by number.
func openFDs() (open [manyFDs]bool) {
	for fd := range open {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		open[fd] = err == nil
	}
	return open
}

// closeOthers closes the descriptors that a check has left open.
func closeOthers(first [manyFDs]bool) {
	for fd, open := range openFDs() {
		if open && !first[fd] {
			unix.Close(fd)
		}
	}
}

// fits reports whether another check fits into this process, which has no
// collector.
func fits() bool {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc < 16<<20 // a guest of 256 MiB killed a check
}

// endWith ends this process group when the other end of a connection closes, but
// not between the making of an object and its note.
func endWith(fd int, making *sync.Mutex) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	for {
		switch n, err := unix.Ppoll(fds, nil, nil); {
		case n > 0:
			making.Lock()
			syscall.Kill(0, syscall.SIGKILL)
		case err != unix.EINTR:
			return // it is refused: the process ends with its check
		}
	}
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "ipcbench:", err)
	return 1
}

// run observes and judges.
func (c *Check) run(k *kernel) (f Finding) {
	f = c.finding()
	defer k.finish()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case stop:
			f.Verdict, f.Reason, f.Observed = p.verdict, p.reason, ""
		default:
			f.Verdict, f.Reason, f.Observed = Broken, fmt.Sprint(p), ""
		}
		if f.Verdict == Broken && len(k.refused) > 0 { // so that what comes next could not be prepared
			f.Verdict, f.Reason = Skipped, k.refused[0]
		}
	}()
	if sys.OlderThan(k.host.release, c.Since) {
		panic(skipped("needs Linux " + c.Since + ", this is " + k.host.release))
	}
	for _, n := range c.Needs {
		if why := n.Lacks(k.host); why != "" {
			panic(skipped(why))
		}
	}
	var err error
	if f.Expect, err = k.host.expectation(c); err != nil {
		panic(skipped(err.Error()))
	}
	k.expect = f.Expect
	f.Observed = c.observe(k)
	switch {
	case f.Expect == "":
		f.Verdict = Recorded
	case f.Expect == f.Observed:
		f.Verdict = Holds
	default:
		f.Verdict = Differs
	}
	return f
}

// observe lets the check observe, and removes what it has made.
func (c *Check) observe(k *kernel) string {
	defer func() {
		// A removal that is refused keeps no other from being made.
		var refused any
		for _, r := range slices.Backward(slices.Clone(k.mine)) { // one that succeeds drops out of k.mine
			func() {
				defer func() { refused = cmp.Or(recover(), refused) }()
				k.do(r.Op, r.Args[0])
			}()
		}
		if refused != nil {
			panic(refused)
		}
	}()
	return c.Observe(k)
}

// These make a System V object of this check's own, with mode 0600. It goes with
// the end of the check, unless that removes it.
func (k *kernel) shm(size int) int {
	return k.own("shmrm", k.do("shmget", unix.IPC_PRIVATE, size, 0o600))
}
func (k *kernel) sem(n int) int { return k.own("semrm", k.do("semget", unix.IPC_PRIVATE, n, 0o600)) }
func (k *kernel) msg() int      { return k.own("msgrm", k.do("msgget", unix.IPC_PRIVATE, 0o600)) }

func (k *kernel) own(remove string, made answer) int {
	k.mine = append(k.mine, request{Op: remove, Args: []int{need(made).N}})
	return made.N
}
