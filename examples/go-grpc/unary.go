package main

import (
	"bytes"
	"context"

	"google.golang.org/grpc"

	"ipcbench/examples/go-grpc/transport"
	kit "ipcbench/kit/go"
)

// unary has a handler that gives each message to the loop of the kit. Where answers
// go back, the handler waits for the loop's.
type unary struct {
	transport.UnimplementedTransportServer
	messages, answers chan []byte // answers is nil: the answer is empty
}

func (u *unary) Exchange(_ context.Context, m *transport.Message) (*transport.Message, error) {
	u.messages <- m.Payload
	if u.answers == nil {
		return &transport.Message{}, nil
	}
	return &transport.Message{Payload: <-u.answers}, nil
}

var handler unary

func makeUnary(l *kit.Link) error {
	handler.messages = make(chan []byte)
	if l.Workload == "PingPong" {
		handler.answers = make(chan []byte)
	}
	return serve(l, &handler)
}

// unaryEnd is the end of a client, or of the server. An answer comes with the call
// that Send makes, and goes with the call that Recv has taken.
type unaryEnd struct {
	conn   *grpc.ClientConn // nil: the server's
	client transport.TransportClient
	answer *transport.Message

	answers *unaryEnd // the client whose answers this end receives; nil: it is none
}

var clientEnd *unaryEnd

func openUnary(l *kit.Link) (kit.End, error) {
	if comesBack(l) && !l.Sends {
		return &unaryEnd{answers: clientEnd}, nil
	}
	if comesBack(l) || !l.Sends {
		return &unaryEnd{}, nil
	}
	conn, client, err := dial(l)
	clientEnd = &unaryEnd{conn: conn, client: client}
	return clientEnd, err
}

func (e *unaryEnd) Send(message []byte) (err error) {
	if e.client == nil {
		handler.answers <- bytes.Clone(message)
		return nil
	}
	e.answer, err = e.client.Exchange(background, &transport.Message{Payload: message})
	return err
}

func (e *unaryEnd) Recv(message []byte) (int, error) {
	payload := []byte(nil)
	if e.answers != nil {
		payload = e.answers.answer.Payload
	} else {
		payload = <-handler.messages
	}
	copy(message, payload)
	return len(payload), nil
}

func (e *unaryEnd) Close() error {
	if e.conn == nil {
		if server != nil {
			server.Stop()
		}
		return nil
	}
	return e.conn.Close()
}
