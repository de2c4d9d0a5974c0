package conformance

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/reexec"
	"ipcbench/mechanisms"
)

// peers is the variable of processes that hold one end of a link.
const peers = reexec.Variable("IPCBENCH_TEST_PEER")

// Init turns this process into a peer where a rule has started it as one. A test
// binary that calls Run calls it in its TestMain, after runner.Init.
func Init() { peers.Become(map[string]func() int{"peer": peerMain}) }

// peer is a process that holds one end of a link, and moves messages when asked.
type peer struct {
	*reexec.Process
	conn *reexec.Conn
	end  *os.File // of the connection
	tid  int      // the thread that moves messages
}

// assignment is the end that a peer opens.
type assignment struct {
	Mechanism string
	Ticket    mechanisms.Ticket
	Sends     bool
}

// moving asks a peer to move messages; Messages 0: until that fails.
type moving struct {
	Messages int
	Pause    time.Duration // after each
}

// answer is what a peer replies to an assignment and to an order.
type answer struct {
	Thread int
	Err    string
}

// peer starts a process that opens an end of the link. The caller stays on its
// thread for as long as the process lives.
func (b *bed) peer(t mechanisms.Ticket, sends bool) (*peer, error) {
	a := assignment{b.m.Name, t, sends}
	a.Ticket.FDs = make([]int, len(t.FDs))
	for i := range a.Ticket.FDs {
		a.Ticket.FDs[i] = reexec.ControlFD + 1 + i
	}
	child, err := peers.Start(reexec.Command{Role: "peer", Name: b.m.Name, Stdio: [3]int{reexec.Null, reexec.Null, 2}, Files: t.FDs,
		Attr: syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}})
	if err != nil {
		return nil, err
	}
	unix.SetNonblock(child.Control, true) // so that a deadline ends a read
	p := &peer{Process: child, end: os.NewFile(uintptr(child.Control), "peer")}
	p.conn = reexec.NewConn(p.end, p.end)
	b.mu.Lock()
	b.peers = append(b.peers, p)
	b.mu.Unlock()
	return p, p.conn.Send(a)
}

// opened waits until the peer holds its end.
func (p *peer) opened() error {
	a, err := p.answer(patience)
	p.tid = a.Thread
	return err
}

// answer waits for the reply to an order, at most so long.
func (p *peer) answer(most time.Duration) (a answer, err error) {
	p.end.SetReadDeadline(time.Now().Add(most))
	if err := p.conn.Receive(&a); err != nil {
		return a, fmt.Errorf("process %d: %w", p.PID, err)
	}
	if a.Err != "" {
		err = errors.New(a.Err)
	}
	return a, err
}

// move has the peer carry out an order. What the call returns, it sends within most.
func (b *bed) move(p *peer, o moving, most time.Duration) call {
	c := call{p.PID, p.tid, make(chan error, 1)}
	b.run(func() {
		err := p.conn.Send(o)
		if err == nil {
			_, err = p.answer(most)
		}
		c.done <- err
	})
	return c
}

// kill ends the process as kill -9 does, and waits until it has ended.
func (p *peer) kill() {
	p.Kill()
	p.Wait()
}

// endPeers ends all processes that hold ends.
func (b *bed) endPeers() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, p := range b.peers {
		p.kill()
		errs = append(errs, p.end.Close())
	}
	b.peers = nil
	return errors.Join(errs...)
}

// peerMain is the main function of a peer. A signal is directed to the thread that
// opened the end.
func peerMain() int {
	runtime.LockOSThread()
	c := reexec.NewConn(reexec.FD(reexec.ControlFD), reexec.FD(reexec.ControlFD))
	var a assignment
	if c.Receive(&a) != nil {
		return 1
	}
	move, err := a.open()
	for _, fd := range a.Ticket.FDs { // an end owns a copy
		err = errors.Join(err, unix.Close(fd))
	}
	for {
		reply := answer{Thread: unix.Gettid()}
		if err != nil {
			reply.Err = err.Error()
		}
		if c.Send(reply) != nil {
			return 1
		}
		var o moving
		if c.Receive(&o) != nil {
			return 0
		}
		for i := 0; o.Messages == 0 || i < o.Messages; i++ {
			if err = move(); err != nil {
				break
			}
			time.Sleep(o.Pause)
		}
	}
}

// open opens the end, and returns what moves one message through it.
func (a assignment) open() (move func() error, err error) {
	m := mechanisms.Lookup(a.Mechanism)
	if m == nil {
		return nil, fmt.Errorf("%s: no such mechanism in this process", a.Mechanism)
	}
	p := mechanisms.Buffer(a.Ticket.Spec.Size)
	switch messages := m.Offers(mechanisms.Messages); {
	case messages && a.Sends:
		s, err := m.OpenSender(a.Ticket)
		return func() error { return s.Send(p) }, err
	case messages:
		r, err := m.OpenReceiver(a.Ticket)
		return func() error { return r.Recv(p) }, err
	case a.Sends:
		n, err := m.OpenNotifier(a.Ticket)
		return func() error { return n.Notify() }, err
	}
	w, err := m.OpenWaiter(a.Ticket)
	return func() error { _, err := w.Wait(); return err }, err
}
