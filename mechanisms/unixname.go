package mechanisms

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// maxUnixPath is the longest path in a struct sockaddr_un, unix(7).
const maxUnixPath = 107

// unixPlace is a path that a UNIX domain socket is bound to or looked up by, in
// a private directory. One that is too long is taken from the directory's
// descriptor.
type unixPlace struct {
	unix.SockaddrUnix
	dir  int // O_PATH
	name string
}

func openPlace(dir, name string) (p unixPlace, err error) {
	if p.dir, err = openPrivate(dir); err != nil {
		return p, err
	}
	p.name = name
	if p.Name = filepath.Join(dir, name); len(p.Name) > maxUnixPath {
		p.Name = fmt.Sprintf("/proc/self/fd/%d/%s", p.dir, name)
	}
	return p, nil
}

// remove removes the name, if it was bound.
func (p unixPlace) remove() error {
	err := unix.Unlinkat(p.dir, p.name, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return os.NewSyscallError("unlinkat", err)
}

// close gives up the directory's descriptor. Once only.
func (p unixPlace) close() error { return os.NewSyscallError("close", unix.Close(p.dir)) }

// unixName is a name in a directory that no other has.
func unixName() string { return "socket-" + rand.Text() }

// unixFile is an address in the link's private directory. It goes once the
// sockets have met.
func unixFile(s Spec) (address, error) {
	p, err := openPlace(s.Dir, unixName())
	if err != nil {
		return address{}, err
	}
	return address{&p.SockaddrUnix, func() error { return errors.Join(p.remove(), p.close()) }}, nil
}

// unixAbstract is an address of the network namespace that nobody can guess.
// Whoever lists /proc/net/unix can read it, and is dropped.
func unixAbstract(Spec) (address, error) {
	return address{Sockaddr: &unix.SockaddrUnix{Name: "@ipcbench-" + rand.Text()}}, nil
}
