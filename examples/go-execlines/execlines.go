// A child of Go's os/exec that reads its standard input by lines and writes them to
// its standard output, bufio at both ends. Each link goes through such a child: the
// sender starts it and writes to it, the receiver reads what it writes. Build it in
// this directory:
//
//	go build -o execlines .
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"

	kit "ipcbench/kit/go"
)

// longest bounds a line, in bytes: a message in base64. bufio.Scanner takes 64 KiB
// without it.
const longest = 2 << 20

func lines(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(nil, longest)
	return s
}

// child is what the child does.
func child() error {
	in, out := lines(os.Stdin), bufio.NewWriter(os.Stdout)
	for in.Scan() {
		fmt.Fprintln(out, in.Text())
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return in.Err()
}

// parent is the end that sends: it has started the child.
type parent struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	out     *bufio.Writer
}

// reader is the end that receives the child's lines.
type reader struct {
	stdout *os.File
	in     *bufio.Scanner
}

func open(l *kit.Link) (kit.End, error) {
	f := os.NewFile(uintptr(l.FD), "pipe")
	if !l.Sends {
		return &reader{f, lines(f)}, nil
	}
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &parent{command: exec.Command(path, "child")}
	p.command.Stdout, p.command.Stderr = f, os.Stderr
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	p.out = bufio.NewWriter(p.stdin)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	return p, f.Close()
}

func (p *parent) Send(message []byte) error {
	fmt.Fprintln(p.out, base64.StdEncoding.EncodeToString(message))
	return p.out.Flush()
}

func (p *parent) Close() error {
	if err := p.stdin.Close(); err != nil {
		return err
	}
	return p.command.Wait()
}

func (r *reader) Recv(message []byte) (int, error) {
	if !r.in.Scan() {
		if err := r.in.Err(); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	decoded, err := base64.StdEncoding.DecodeString(r.in.Text())
	copy(message, decoded)
	return len(decoded), err
}

func (r *reader) Close() error { return r.stdout.Close() }

// Each end does one of these.
func (p *parent) Recv([]byte) (int, error) { return 0, io.EOF }
func (r *reader) Send([]byte) error        { return io.ErrClosedPipe }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	kit.Main(kit.Transport{Name: "os/exec", Version: runtime.Version(), Open: open})
}
