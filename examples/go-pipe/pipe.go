// A pipe(2) that ipcbench makes and hands over. Build it in this directory:
//
//	go build -o pipe .
package main

import kit "ipcbench/kit/go"

func open(l *kit.Link) (kit.End, error) {
	const atomic = 4096 // PIPE_BUF of linux/limits.h
	if l.Senders > 1 && l.Size > atomic {
		return nil, kit.Unsupported("writes of more than %d bytes by several senders may interleave, pipe(7)", atomic)
	}
	return kit.FD(l.FD), nil
}

func main() {
	kit.Main(kit.Transport{Name: "pipe", Version: "1", Raw: true, Open: open})
}
