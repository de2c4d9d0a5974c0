package conform

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
)

// A rogue is a transport on inherited pipes that commits one sin; with none it keeps
// every rule. It is written from docs/protocol.md alone, without the suite's code for
// stamps and digests but that which makes sealed bytes.
type rogue struct {
	sin     string
	play    string
	size    int
	sends   *os.File
	takes   *os.File
	origins int // of what it receives
	in      *bufio.Reader
	kept    []byte // a message that it holds back
}

// rogueMain is the main function of a rogue. It does not return.
func rogueMain(sin string) {
	control := os.NewFile(3, "control")
	r := &rogue{sin: sin, in: bufio.NewReader(control)}
	say := func(format string, args ...any) { fmt.Fprintf(control, format+"\n", args...) }
	switch sin {
	case "mute":
		halt()
	case "exits":
		fmt.Fprintln(os.Stderr, "cannot find my configuration")
		os.Exit(3)
	case "flood":
		line := bytes.Repeat([]byte("x"), 1<<16)
		for {
			if _, err := os.Stderr.Write(line); err != nil {
				os.Exit(1)
			}
		}
	case "garbage":
		control.Write([]byte("\x00\xff\x1b[31m GET / HTTP/1.1\r\n\n"))
		halt()
	case "endless line":
		for {
			control.Write(bytes.Repeat([]byte("a"), 1<<16))
		}
	case "closes control":
		control.Close()
		halt()
	case "unsupported":
		say("unsupported the daemon is not installed")
		os.Exit(0)
	case "bombs":
		bomb()
	case "children":
		for range 300 { // a thread each
			go func() {
				runtime.LockOSThread()
				halt()
			}()
		}
		exec.Command("sleep", "600").Run()
	}
	if token, ok := strings.CutPrefix(sin, "parent "); ok {
		exec.Command("/proc/self/exe", "rogue", "mute", token).Start()
		dir, _ := os.Getwd()
		os.WriteFile("/dev/shm/sem."+filepath.Base(dir)+"-"+token, nil, 0o600)
	}
	version := 1
	if sin == "version" {
		version = 7
	}
	base := ""
	if sin == "base" {
		base = " built_on=../pipe"
	}
	say("hello protocol=%d name=rogue version=1 kit=none%s", version, base)
	for {
		text, err := r.in.ReadString('\n')
		if err != nil {
			os.Exit(1)
		}
		word, fields := split(text)
		switch word {
		case "part":
			r.play = fields["play"]
			r.size, _ = strconv.Atoi(fields["size"])
			if sin == "says error" {
				say("error connect: no such service")
				os.Exit(1)
			}
		case "link":
			fd, _ := strconv.Atoi(fields["fd"])
			f := os.NewFile(uintptr(fd), "link")
			if fields["way"] == "send" {
				r.sends = f
			} else {
				r.takes = f
				r.origins, _ = strconv.Atoi(fields["senders"])
			}
		case "make":
			say("made")
		case "open":
			if sin == "out of turn" {
				say("done start=1 end=2")
			}
			say("ready")
		case "round":
			r.round(fields, control)
		case "close":
			if sin == "stays" {
				halt()
			}
			if sin == "status" {
				os.Exit(5)
			}
			if sin == "closes badly" {
				say("error close: no such link")
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
}

// bombed is where the bomb stops by itself, should nothing else stop it: far beyond what
// is allowed, and far below what any machine has room for.
const bombed = 1000

// bomb forks, as each of its children does: it doubles until it has bombed processes. A
// child has one thread of Go's and must not enter the runtime.
func bomb() {
	page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		os.Exit(1)
	}
	n := (*atomic.Int64)(unsafe.Pointer(&page[0]))
	for n.Add(1) <= bombed {
		syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	}
	for {
		syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}

func split(text string) (word string, fields map[string]string) {
	parts := strings.Fields(text)
	fields = map[string]string{}
	for _, p := range parts[1:] {
		key, value, _ := strings.Cut(p, "=")
		fields[key] = value
	}
	return parts[0], fields
}

// round plays one, with the sin that is its own.
func (r *rogue) round(fields map[string]string, control io.Writer) {
	n, _ := strconv.Atoi(fields["count"])
	next, _ := strconv.ParseUint(fields["first"], 16, 64)
	sealed := fields["sealed"] == "1"
	fmt.Fprintln(control, "armed")
	r.in.ReadString('\n') // go
	start := monotonic()
	switch {
	case r.sin == "stops" && r.play != "send":
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case r.sin == "crashes" && r.play != "send":
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
	case r.sin == "early" && r.play != "send":
		n = 0 // it claims a round that it did not play
	}
	p := make([]byte, r.size)
	digests, counts, crcs := make([]uint64, r.origins), make([]int, r.origins), make([]uint32, r.origins)
	send := func(i int) {
		stamp(p, next)
		if sealed && r.sin != "unsealed" {
			bench.SealFor(p, next)
		}
		next++
		r.send(p, i, n)
	}
	receive := func() {
		if err := r.receive(p); err != nil {
			fmt.Fprintln(control, "error receive:", err)
			os.Exit(1)
		}
		s := stampOf(p)
		from := 0
		if r.origins > 1 {
			from = int(s>>48) % r.origins
		}
		digests[from] = (digests[from] ^ s) * 0x9e3779b97f4a7c15
		counts[from]++
		crcs[from] = crc32.Update(crcs[from], crc32.IEEETable, p)
	}
	for i := range n {
		switch r.play {
		case "send":
			send(i)
		case "receive":
			receive()
		case "call":
			send(i)
			receive()
		case "forward":
			receive()
			r.send(p, i, n)
		}
	}
	end := monotonic()
	if r.sin == "clock" {
		start -= int64(time.Hour)
	}
	sent := n
	if r.sin == "few" {
		sent--
	}
	text := fmt.Sprintf("done start=%d end=%d sent=%d", start, end, sent)
	if r.play != "send" {
		text += fmt.Sprintf(" received=%s digest=%s crc=%s", join(counts, "%d"), join(digests, "%x"), join(crcs, "%x"))
	}
	if fields["latency"] == "1" {
		text += fmt.Sprintf(" latencies=1000:%d", n)
	}
	fmt.Fprintln(control, text)
}

// send sends message i of n.
func (r *rogue) send(p []byte, i, n int) {
	middle := i == n/2 && r.play == "send"
	switch {
	case r.sin == "loses" && middle:
		return
	case r.sin == "doubles" && middle:
		r.sends.Write(p)
	case r.sin == "reorders" && middle && i+1 < n:
		r.kept = bytes.Clone(p)
		return
	case r.sin == "damages" && middle:
		p[0] ^= 1
	case r.sin == "damages the end" && middle && len(p) > 8:
		p[len(p)-1] ^= 1
	case r.sin == "cuts" && middle && len(p) > 1:
		r.sends.Write(p[:len(p)-1])
		return
	case r.sin == "dies" && middle:
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	r.sends.Write(p)
	if r.kept != nil {
		r.sends.Write(r.kept)
		r.kept = nil
	}
}

// receive waits for a whole message.
func (r *rogue) receive(p []byte) error {
	if r.sin == "spins" {
		unix.SetNonblock(int(r.takes.Fd()), true)
		for got := 0; got < len(p); {
			n, err := unix.Read(int(r.takes.Fd()), p[got:])
			if n == 0 && err == nil {
				return io.EOF
			}
			got += max(n, 0)
		}
		return nil
	}
	_, err := io.ReadFull(r.takes, p)
	if err != nil && r.sin == "blind" {
		halt()
	}
	return err
}

func stamp(p []byte, v uint64) {
	var all [8]byte
	binary.LittleEndian.PutUint64(all[:], v)
	copy(p, all[:])
}

func stampOf(p []byte) uint64 {
	var all [8]byte
	copy(all[:], p)
	return binary.LittleEndian.Uint64(all[:])
}

func join[T any](all []T, format string) string {
	var texts []string
	for _, v := range all {
		texts = append(texts, fmt.Sprintf(format, v))
	}
	return strings.Join(texts, ",")
}

func monotonic() int64 {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano()
}

// halt waits for ever. Without cgo, Go's runtime ends a program in which every goroutine
// waits for another.
func halt() {
	for {
		time.Sleep(time.Hour)
	}
}
