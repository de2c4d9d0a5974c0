// A UNIX stream socket that its two processes meet at by name, unix(7). Build it in
// this directory:
//
//	go build -o socket .
package main

import (
	"fmt"
	"os"
	"syscall"

	kit "ipcbench/kit/go"
)

var listener int // of the link from which this process receives

func address(l *kit.Link) *syscall.SockaddrUnix {
	return &syscall.SockaddrUnix{Name: fmt.Sprintf("%s/link%d", l.Dir, l.Number)}
}

func create() (int, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	return fd, os.NewSyscallError("socket", err)
}

func makeLink(l *kit.Link) (err error) {
	if listener, err = create(); err != nil {
		return err
	}
	if err := syscall.Bind(listener, address(l)); err != nil {
		return os.NewSyscallError("bind", err)
	}
	return os.NewSyscallError("listen", syscall.Listen(listener, 1))
}

func open(l *kit.Link) (kit.End, error) {
	if !l.Sends {
		fd, _, err := syscall.Accept(listener)
		return kit.FD(fd), os.NewSyscallError("accept", err)
	}
	fd, err := create()
	if err != nil {
		return nil, err
	}
	return kit.FD(fd), os.NewSyscallError("connect", syscall.Connect(fd, address(l)))
}

func main() {
	kit.Main(kit.Transport{Name: "socket", Version: "1", Raw: true, Make: makeLink, Open: open})
}
