package main

import (
	"google.golang.org/grpc"

	"ipcbench/examples/go-grpc/transport"
	kit "ipcbench/kit/go"
)

// streams has a handler that leaves its stream to the loop of the kit until that is
// done with it.
type streams struct {
	transport.UnimplementedTransportServer
	open chan stream
	done chan struct{}
}

// stream is what both sides of one have.
type stream interface {
	Send(*transport.Message) error
	Recv() (*transport.Message, error)
}

func (s *streams) Converse(of grpc.BidiStreamingServer[transport.Message, transport.Message]) error {
	s.open <- of
	<-s.done
	return nil
}

var accepted = streams{open: make(chan stream), done: make(chan struct{})}

func makeStream(l *kit.Link) error { return serve(l, &accepted) }

// streamEnd is an end of a link: its stream, or those of all senders.
type streamEnd struct {
	stream
	close func() error
	all   chan received // of several senders; nil: there is one
}

type received struct {
	message *transport.Message
	err     error
}

var twoWay *streamEnd // of the process, whose answers come the same way

func openStream(l *kit.Link) (kit.End, error) {
	switch {
	case comesBack(l):
		return &streamEnd{stream: twoWay.stream, close: func() error { return nil }}, nil
	case l.Sends:
		conn, client, err := dial(l)
		if err != nil {
			return nil, err
		}
		s, err := client.Converse(background)
		if err != nil {
			return nil, err
		}
		twoWay = &streamEnd{stream: s, close: func() error {
			s.CloseSend()
			return conn.Close()
		}}
		return twoWay, nil
	}
	end := &streamEnd{stream: <-accepted.open, close: func() error {
		close(accepted.done)
		server.Stop()
		return nil
	}}
	if l.Senders > 1 {
		end.all = make(chan received)
		go end.take(end.stream)
		for range l.Senders - 1 {
			go end.take(<-accepted.open)
		}
	}
	twoWay = end
	return end, nil
}

// take gives the messages of one of several senders to the loop of the kit.
func (e *streamEnd) take(from stream) {
	for {
		m, err := from.Recv()
		if e.all <- (received{m, err}); err != nil {
			return
		}
	}
}

func (e *streamEnd) Send(message []byte) error {
	return e.stream.Send(&transport.Message{Payload: message})
}

func (e *streamEnd) Recv(message []byte) (int, error) {
	var r received
	if e.all != nil {
		r = <-e.all
	} else {
		r.message, r.err = e.stream.Recv()
	}
	if r.err != nil {
		return 0, r.err
	}
	copy(message, r.message.Payload)
	return len(r.message.Payload), nil
}

func (e *streamEnd) Close() error { return e.close() }
