// Package netconn gives the mechanism unixnetpoll its net.UnixConn. It is a
// package of its own since net initialises late, behind much that a session
// and the usual worker do without (see package runner/first). A program that
// runs plain Go programs as workers imports it.
package netconn

import (
	"net"
	"os"

	"ipcbench/mechanisms/descriptor"
	"ipcbench/mechanisms/sockets"
)

func init() {
	sockets.NetConn = func(f *os.File) (descriptor.Polled, error) {
		c, err := net.FileConn(f) // of a copy
		if err != nil {
			return nil, err
		}
		return c.(*net.UnixConn), nil
	}
}
