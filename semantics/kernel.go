package semantics

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"ipcbench/internal/objects"
	"ipcbench/internal/reexec"
	"ipcbench/mechanisms"
)

// patience is how long a check waits for what should happen at once.
const patience = 3 * time.Second

// kernel is what a check asks. The calls of the process itself are embedded.
type kernel struct {
	*proc
	host *host
	lie  *Lie

	notes *objects.Journal // of objects that outlive this process; nil in a namespace of its own
	// making is held while an object is made and noted, so that the process
	// does not end in between.
	making *sync.Mutex

	peers []*proc
	mine  []request // what removes the System V objects that the check has made, and not removed

	expect  string                // what the check should observe
	refused []string              // why this machine may have refused calls
	errnos  map[syscall.Errno]int // how often, by errno

	changed bool         // a call of lasting was made
	begun   atomic.Int32 // calls of this process that have not returned

	mu     sync.Mutex
	calls  int     // answers so far
	events []Event // the story
}

// Event is one system call of a check's story, or a remark.
type Event struct {
	Process string `json:"process,omitempty"` // "" is the check's own; else the peer's name
	PID     int    `json:"pid,omitempty"`
	Call    string `json:"call,omitempty"` // "write(4, \"abc\") = 3"
	Remark  string `json:"remark,omitempty"`
}

// Lie is a wrong answer: that of one call of a check is replaced. Tests show
// with it that a check can fail.
type Lie struct {
	Call int    `json:"call"` // which answer, from 0
	Kind string `json:"kind"` // one of LieKinds
}

// LieKinds are the ways in which an answer can be wrong: failure for success
// and the reverse, another number, other bytes.
var LieKinds = []string{"errno", "number", "data"}

// replace makes the wrong answer of a right one.
func (l *Lie) replace(a answer) answer {
	switch l.Kind {
	case "errno":
		if a.Errno != 0 || a.Late {
			return answer{}
		}
		return answer{N: -1, Errno: syscall.EDOM} // which no call here ever gives
	case "number":
		a.N++
		a.Errno = 0
	case "data":
		a.Data = append([]byte(nil), a.Data...)
		if n := len(a.Data); n > 0 {
			a.Data[0] ^= 1
			a.Data[n-1] ^= 1
		}
	}
	return a
}

// answered notes the answer to a call, or the lie in its place, and returns it.
// All answers come through here. The check ends with an errno that this machine
// gives for a reason of its own, more often than the statement names it: what
// comes next would wait for what was refused.
func (k *kernel) answered(p *proc, r request, a answer) answer {
	if a.Errno == 0 {
		k.mine = slices.DeleteFunc(k.mine, func(m request) bool { return m.Op == r.Op && m.Args[0] == r.Args[0] })
	}
	a = k.lied(a)
	k.note(Event{Process: p.name, PID: p.pid, Call: r.show(a)})
	if a.Errno == 0 || a.Late {
		return a
	}
	if why := mechanisms.Refusal(r.syscall(), a.Errno); why != "" {
		k.refused = append(k.refused, why)
		if k.errnos[a.Errno]++; k.errnos[a.Errno] > strings.Count(k.expect, a.String()) {
			panic(skipped(why))
		}
	}
	return a
}

// seen is answered for what a check saw by other means than a call: the state
// of a thread, the end of a process. words are those for 0 and 1.
func (k *kernel) seen(p *proc, what string, n int, words ...string) string {
	a := k.lied(answer{N: n})
	word := "?"
	if a.Errno == 0 && a.N >= 0 && a.N < len(words) {
		word = words[a.N]
	}
	k.note(Event{Process: p.name, PID: p.pid, Remark: what + " " + word})
	return word
}

// lasting are calls that change their process, or its namespace, for good.
var lasting = map[string]bool{"sigaction": true, "sigblock": true, "setresuid": true, "dropcap": true, "rlimit": true,
	"nodump": true, "umask": true, "unshareipc": true, "sysctl": true, "signalfd": true, "robust": true, "signalfd4": true, "sysctltext": true, "unsharenet": true}

// lied counts an answer, and replaces it where the lie is about it.
func (k *kernel) lied(a answer) answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lie != nil && k.lie.Call == k.calls {
		a = k.lie.replace(a)
	}
	k.calls++
	return a
}

// maxEvents bounds a story: some checks make thousands of calls.
const maxEvents = 60

func (k *kernel) note(e Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.events) < maxEvents {
		k.events = append(k.events, e)
	}
}

// need is the answer to a call that must succeed for the check to go on.
func need(a answer) answer {
	if raise := reexec.Raise(a.Errno); a.Errno != 0 && raise != "" {
		panic(skipped("a call that prepares the check failed: " + a.String() + ": " + raise))
	}
	if a.Errno != 0 || a.Late {
		panic(broken("a call that prepares the check failed: " + a.String()))
	}
	return a
}

// stop ends a check before it has observed anything.
type stop struct {
	verdict Verdict
	reason  string
}

func broken(reason string) stop  { return stop{Broken, reason} }
func skipped(reason string) stop { return stop{Skipped, reason} }

// pipe is the two ends of a pipe, a FIFO or a pair of sockets.
type pipe struct{ r, w int }

// pipe makes a pipe, which must succeed.
func (p *proc) pipe(flags int) pipe { return pair(need(p.do("pipe2", flags))) }

func pair(a answer) pipe {
	var p pipe
	if _, err := fmt.Sscan(string(a.Data), &p.r, &p.w); err != nil {
		panic(broken("no two descriptors in " + a.text()))
	}
	return p
}

// letters are n bytes that differ from their neighbours.
func letters(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte('a' + i%23)
	}
	return p
}

// made notes an object that outlives its processes.
func (k *kernel) made(kind string, id int) {
	if k.notes == nil {
		return
	}
	o, err := mechanisms.SysvObject(kind, id)
	if err == nil {
		err = k.notes.Add(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ipcbench: note an object:", err)
	}
}
