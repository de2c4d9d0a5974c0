// Package pty gives a test a terminal of a stated width: a pseudo-terminal (pty(7)).
package pty

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
)

// rows of every terminal.
const rows = 50

// Open returns both ends of a terminal of so many columns: what is written to
// terminal is read from control. A system without terminals skips the test.
func Open(t testing.TB, columns int) (control, terminal *os.File) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		need.Missing(t, "pty", fmt.Sprintf("no pseudo-terminals: %v: mount devpts", err))
	}
	t.Cleanup(func() { control.Close() })
	n, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		need.Missing(t, "pty", fmt.Sprintf("no pseudo-terminals: %v: mount devpts", err))
	}
	t.Cleanup(func() { terminal.Close() })
	Resize(t, terminal, columns)
	return control, terminal
}

// Resize gives a terminal another width.
func Resize(t testing.TB, terminal *os.File, columns int) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
}

// Run runs a command whose standard output and error are a terminal of so many
// columns, which is also its controlling terminal. It returns what the command
// wrote, with \n for the end of a line, and its exit status.
func Run(t testing.TB, columns int, c *exec.Cmd) (wrote string, status int) {
	t.Helper()
	control, terminal := Open(t, columns)
	c.Stdin, c.Stdout, c.Stderr = terminal, terminal, terminal
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close() // so that the end of the command is the end of what is read
	all, err := io.ReadAll(control)
	if err != nil && !errors.Is(err, syscall.EIO) { // EIO: no process has the terminal open
		t.Error(err)
	}
	if err := c.Wait(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(all), "\r\n", "\n"), c.ProcessState.ExitCode()
}

// Plain is what was written, without colors and other escape sequences (CSI,
// ECMA-48).
func Plain(wrote string) string {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(wrote, "\x1b[")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		wrote = rest[min(len(rest), 1+strings.IndexFunc(rest, func(r rune) bool { return r >= 0x40 && r <= 0x7e })):]
	}
}

// Wide are the lines that take more columns than the terminal has, each time a
// line that is written again is written.
func Wide(wrote string, columns int) (lines []string) {
	for _, line := range strings.FieldsFunc(Plain(wrote), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if utf8.RuneCountInString(line) > columns {
			lines = append(lines, line)
		}
	}
	return lines
}
