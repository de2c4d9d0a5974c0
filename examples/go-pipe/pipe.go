// A pipe(2) that ipcbench makes and hands over. Build it in this directory:
//
//	go build -o pipe .
package main

import (
	"syscall"

	kit "ipcbench/kit/go"
)

// pipe is an end: its descriptor.
type pipe int

func (p pipe) Send(message []byte) error        { return kit.Write(int(p), message) }
func (p pipe) Recv(message []byte) (int, error) { return kit.Read(int(p), message) }
func (p pipe) Close() error                     { return syscall.Close(int(p)) }

func open(l *kit.Link) (kit.End, error) {
	const atomic = 4096 // PIPE_BUF of linux/limits.h
	if l.Senders > 1 && l.Size > atomic {
		return nil, kit.Unsupported("writes of more than %d bytes by several senders may interleave, pipe(7)", atomic)
	}
	return pipe(l.FD), nil
}

func main() {
	kit.Main(kit.Transport{Name: "pipe", Version: "1", Raw: true, Open: open})
}
