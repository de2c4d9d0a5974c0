// gRPC-Go over a UNIX socket, in two ways of use: a call for each message (unary),
// and one stream for all messages. Build it in this directory:
//
//	go build -o grpc .
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"ipcbench/examples/go-grpc/transport"
	kit "ipcbench/kit/go"
)

// server is that of the link from which this process receives.
var server *grpc.Server

func socket(l *kit.Link) string { return filepath.Join(l.Dir, fmt.Sprint("link", l.Number)) }

// comesBack reports whether the link brings answers: a call has one of its own, and
// so has a stream.
func comesBack(l *kit.Link) bool { return l.Workload == "PingPong" && l.Number == 1 }

func serve(l *kit.Link, implementation transport.TransportServer) error {
	if comesBack(l) {
		return nil
	}
	listener, err := net.Listen("unix", socket(l))
	if err != nil {
		return err
	}
	server = grpc.NewServer()
	transport.RegisterTransportServer(server, implementation)
	go server.Serve(listener)
	return nil
}

func dial(l *kit.Link) (*grpc.ClientConn, transport.TransportClient, error) {
	conn, err := grpc.NewClient("unix:"+socket(l), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, nil, err
	}
	return conn, transport.NewTransportClient(conn), nil
}

var background = context.Background()

func main() {
	t := kit.Transport{Name: "gRPC-Go", Version: grpc.Version, Make: makeUnary, Open: openUnary}
	if len(os.Args) > 1 && os.Args[1] == "stream" {
		t.Make, t.Open = makeStream, openStream
	}
	kit.Main(t)
}
