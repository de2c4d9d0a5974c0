// Go's net/rpc over a UNIX socket: a call for each message. Build it in this
// directory:
//
//	go build -o netrpc .
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"path/filepath"
	"runtime"
	"sync"

	kit "ipcbench/kit/go"
)

// Transport is the service. Its method gives each message to the loop of the kit;
// where answers go back, it waits for the loop's.
type Transport struct {
	messages chan []byte // closed when all clients have gone
	answers  chan []byte // nil: the answer is empty
}

// Exchange is called by clients.
func (t *Transport) Exchange(message []byte, answer *[]byte) error {
	t.messages <- message
	if t.answers != nil {
		*answer = <-t.answers
	}
	return nil
}

var service = Transport{messages: make(chan []byte)}

func socket(l *kit.Link) string { return filepath.Join(l.Dir, fmt.Sprint("link", l.Number)) }

// comesBack reports whether the link brings answers, which come with their calls.
func comesBack(l *kit.Link) bool { return l.Workload == "PingPong" && l.Number == 1 }

func makeLink(l *kit.Link) error {
	if comesBack(l) {
		return nil
	}
	if l.Workload == "PingPong" {
		service.answers = make(chan []byte)
	}
	if err := rpc.Register(&service); err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket(l))
	if err != nil {
		return err
	}
	go serve(listener, l.Senders)
	return nil
}

// serve serves all clients until they have gone.
func serve(listener net.Listener, clients int) {
	var all sync.WaitGroup
	for range clients {
		conn, err := listener.Accept()
		if err != nil {
			break
		}
		all.Add(1)
		go func() {
			rpc.ServeConn(conn)
			all.Done()
		}()
	}
	all.Wait()
	close(service.messages)
}

// client is the end of a caller. An answer comes with the call that Send makes.
type client struct {
	*rpc.Client
	answer []byte
}

var caller *client

func open(l *kit.Link) (kit.End, error) {
	switch {
	case comesBack(l) && !l.Sends:
		return answered{caller}, nil
	case comesBack(l) || !l.Sends:
		return server{}, nil
	}
	c, err := rpc.Dial("unix", socket(l))
	caller = &client{Client: c}
	return caller, err
}

func (c *client) Send(message []byte) error {
	return c.Call("Transport.Exchange", message, &c.answer)
}

func (c *client) Recv(message []byte) (int, error) {
	copy(message, c.answer)
	return len(c.answer), nil
}

// answered is the link that brings a client's answers. The client closes its
// connection itself.
type answered struct{ *client }

func (answered) Close() error { return nil }

// server is the end of the service.
type server struct{}

func (server) Send(message []byte) error {
	service.answers <- bytes.Clone(message)
	return nil
}

func (server) Recv(message []byte) (int, error) {
	m, ok := <-service.messages
	if !ok {
		return 0, io.EOF
	}
	copy(message, m)
	return len(m), nil
}

func (server) Close() error { return nil }

func main() {
	kit.Main(kit.Transport{Name: "net/rpc", Version: runtime.Version(), Make: makeLink, Open: open})
}
