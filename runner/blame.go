package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/sys"
)

// hearOut is how long other workers may still explain a failure. A worker that
// has not by then is blocked on a peer that is gone, unless it is ending: a process
// closes its descriptors before its parent learns of its death, and on a busy machine
// its peer's end of file came a second earlier. It then has as long as endsWithin.
const (
	hearOut    = 300 * time.Millisecond
	endsWithin = 10 * time.Second
)

// blame finds the root among the failures that come together. A death needs
// no explanation; with anything else the others are heard out.
func (l *sessionLaunch) blame(first event) error {
	var cause error
	var at int64 // when it happened, in the process that reports it
	ended, explained := map[int]bool{}, map[int]bool{}
	weigh := func(e event) {
		if e.ended {
			ended[e.part] = true
			if e.err == nil && l.phase != exiting {
				e.err = &DeathError{} // unasked, with status 0
			}
		}
		// A worker that has sent its error exits with status 1 for it.
		if e.err == nil || explained[e.part] {
			return
		}
		explained[e.part] = true
		err := l.failure(e, e.err)
		sooner := e.reply.At > 0 && e.reply.At < at && rank(err) == rank(cause)
		if cause == nil || rank(err) > rank(cause) || sooner {
			cause, at = err, e.reply.At
		}
	}
	weigh(first)
	begun, grace := time.Now(), time.NewTimer(hearOut)
	defer grace.Stop()
	for rank(cause) < rankDeath && len(ended) < len(l.workers) {
		select {
		case e := <-l.events:
			weigh(e)
		case <-grace.C:
			if time.Since(begun) > endsWithin || !l.ending(ended) {
				return cause
			}
			grace.Reset(hearOut)
		}
	}
	return cause
}

// ending reports whether a worker is ending whose end has not been heard of.
func (l *sessionLaunch) ending(heard map[int]bool) bool {
	for i, p := range l.workers {
		if !heard[i] && isExiting(p.PID) {
			return true
		}
	}
	return false
}

// failure is an error of the worker that an event is of.
func (l *sessionLaunch) failure(e event, err error) error {
	return &WorkerError{Role: l.topology.Parts[e.part].Role, PID: l.workers[e.part].PID, Phase: l.phase, Message: e.reply.Message, Err: err}
}

// hung blames one of the workers that missed the deadline, by suspicion, and
// adds where the others are.
func (l *sessionLaunch) hung(missing map[int]bool, timeout time.Duration) error {
	var all []*HungError
	part := map[*HungError]int{}
	for i, p := range l.workers {
		if missing[i] {
			h := inspect(p.PID, timeout)
			part[h] = i
			all = append(all, h)
		}
	}
	slices.SortStableFunc(all, func(a, b *HungError) int { return b.suspicion() - a.suspicion() })
	for _, h := range all[1:] {
		all[0].Others = append(all[0].Others, l.topology.Parts[part[h]].Role+" "+h.where())
	}
	return l.failure(event{part: part[all[0]]}, all[0])
}

// suspicion orders processes that hang together: the larger, the more likely
// the others wait for this one. A process that is stopped, or stuck in the
// kernel, can't answer; one that runs is at least not stuck in a call.
func (e *HungError) suspicion() int { return strings.Index("RSDtT", e.State) }

// unknownCall stands for a call where the kernel does not show it.
const unknownCall = "an unknown call"

// inspect reads from /proc in which call a process is that missed its deadline. A
// worker measures on its main thread, which is what /proc/PID shows.
func inspect(pid int, after time.Duration) *HungError {
	e := &HungError{Call: unknownCall, State: "?", After: after.String()}
	dir := fmt.Sprintf("/proc/%d/", pid)
	if state, _ := threadState(dir + "stat"); state != "" {
		e.State = state
	}
	if wchan, err := os.ReadFile(dir + "wchan"); err == nil && string(wchan) != "0" {
		e.Wchan = string(wchan)
	}
	if call, err := os.ReadFile(dir + "syscall"); err == nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(call)), " ")
		if first == "running" {
			e.Call = "no call: it was running"
		} else if nr, err := strconv.Atoi(first); err == nil {
			e.Call = sys.SyscallName(nr)
		}
	}
	return e
}

// threadState is the state in a proc_pid_stat(5) file, R, S, D, T, Z …, and how a
// dead thread died; "" where there is none. The file of a process is that of its
// main thread.
func threadState(path string) (state string, died syscall.WaitStatus) {
	stat, _ := os.ReadFile(path)
	// "PID (comm) S … code": comm may hold spaces and parentheses.
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(f) == 0 {
		return "", 0
	}
	code, _ := strconv.Atoi(f[len(f)-1])
	return f[0], syscall.WaitStatus(code)
}

// isExiting reports whether a process is on its way out, or is gone: what
// proc_pid_stat(5) calls flags has PF_EXITING from before it closes its descriptors.
func isExiting(pid int) bool {
	const pfExiting = 0x4 // linux/sched.h
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // state, parent, … flags, the seventh
	if len(f) < 7 {
		return true
	}
	flags, _ := strconv.Atoi(f[6])
	return flags&pfExiting != 0
}

// rank orders the errors of several processes about one failure: the larger, the
// nearer to the cause. A process that died explains its peers' broken pipes, not
// the other way round. Of two that rank alike, the first is the cause: a receiver
// that finds an end of file and ends makes its sender's pipe a broken one.
func rank(err error) int {
	var death *DeathError
	var check *bench.CheckError
	var errno syscall.Errno
	switch {
	case errors.As(err, &death):
		return rankDeath
	case errors.As(err, &check):
		return rankCheck
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return rankVictim
	case errors.As(err, &errno) && slices.Contains(ofVictims, errno):
		return rankVictim
	}
	return rankError
}

const (
	rankVictim = iota + 1
	rankError
	rankCheck
	rankDeath
)

// ofVictims are the errors of a process whose peer has gone. EINVAL is that of
// System V calls on an object that is gone.
var ofVictims = []syscall.Errno{unix.EPIPE, unix.EIDRM, unix.ECONNRESET, unix.ECONNREFUSED, unix.ENOTCONN, unix.EINVAL}
