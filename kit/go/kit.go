// Package kit is the Go kit of ipcbench: what a transport needs to be measured by
//
//	ipcbench run --mech exec:./my-transport
//
// An author writes how an end of a link is opened, how a message is sent and
// received, and how the end is closed. This file has the rest: the loops, the
// clock, the stamps, the checks and the protocol of docs/protocol.md, version 1. It
// needs Linux and Go's library.
//
//	func main() {
//		kit.Main(kit.Transport{Name: "mine", Version: "1.0", Open: open})
//	}
package kit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe" // also for linkname
)

// Transport is what an author writes.
type Transport struct {
	Name    string // of the transport, or of the library that it uses: for the records
	Version string // of the same

	// Raw: Send and Recv enter the kernel by syscall.RawSyscall6, as FD does, and use
	// nothing of Go that waits: no net, no os.File, no channel, no lock, no goroutine.
	// Then the process has one thread that works, no garbage collection
	// and no preemption, and a short message costs about what it costs in C. False:
	// Go's runtime is left as it is.
	Raw bool

	// Make makes what senders need to find the link: it binds, listens, creates. It
	// runs in the receiver, before any process opens an end. nil: nothing to make.
	Make func(*Link) error
	// Open opens the end of the link that this process has. An error ends the
	// launch with its text, one of Unsupported skips the cell.
	Open func(*Link) (End, error)
}

// Link is a link of which this process has an end. It goes one way, from its senders
// to its receiver.
type Link struct {
	Sends     bool   // this process sends on the link; false: it receives from it
	Number    int    // from 0: the same in all processes
	Senders   int    // how many processes send on the link, at least 1
	Receivers int    // how many receive from it: 1
	Origin    int    // the number of this sender on the link, from 0; 0 in a receiver
	FD        int    // what descriptors in the declaration gave this end, to use and to close; -1: none
	Size      int    // bytes of every message, at least 1
	Queue     int    // capacity of the link in bytes (run --queue); 0: the transport's own
	Dir       string // a private directory, the same in all processes; also the working directory
	Play      string // "send", "receive", "call" or "forward"
	Workload  string // such as "PingPong"
	Role      string // such as "ping"
}

// End is an end of a link. A process calls Send or Recv of it, never both. An error
// ends the launch with its text.
type End interface {
	// Send sends a message of Link.Size bytes, and waits while there is no room. The
	// kit changes the message after Send has returned.
	Send(message []byte) error
	// Recv waits for the next message, copies it to message, and returns its length.
	// message has Link.Size bytes; message[:Link.Size+1] has room to find a message
	// that is too long. Recv returns io.EOF if the senders have closed the link.
	Recv(message []byte) (int, error)
	// Close closes the end, after the last round.
	Close() error
}

// Unsupported is an error of Make or Open: the transport cannot do what the cell
// requires, and ipcbench skips the cell with that reason.
func Unsupported(format string, args ...any) error {
	return &unsupported{fmt.Sprintf(format, args...)}
}

type unsupported struct{ why string }

func (u *unsupported) Error() string { return u.why }

// FD is an End of a byte stream: a descriptor in blocking mode, such as that of a
// pipe or a stream socket, in a Transport that is Raw. Where it is a socket, a peer
// that has closed it is an error of Send: EPIPE.
type FD int

// Send writes all of the message, write(2).
func (fd FD) Send(message []byte) error { return (*stream)(&fd).Send(message) }

// Recv reads until the message is full, read(2). It returns fewer bytes if the stream
// ends, and io.EOF if none comes before its end.
func (fd FD) Recv(message []byte) (int, error) { return (*stream)(&fd).Recv(message) }

// Close closes the descriptor, close(2).
func (fd FD) Close() error { return os.NewSyscallError("close", syscall.Close(int(fd))) }

// stream is what part.play calls in the place of an FD. The compiler reaches a method of
// an FD in an interface through a function of its own, one return more after each system
// call. A kernel that empties the predictor of returns makes each a misprediction.
type stream FD

func (s *stream) Send(message []byte) error {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_WRITE, uintptr(*s), uintptr(unsafe.Pointer(unsafe.SliceData(message))), uintptr(len(message)), 0, 0, 0)
	if int(n) == len(message) {
		return nil
	}
	return s.sendRest(message, n, errno)
}

func (s *stream) sendRest(rest []byte, n uintptr, errno syscall.Errno) error {
	if errno == 0 {
		rest = rest[n:]
	} else if errno != syscall.EINTR {
		return os.NewSyscallError("write", errno)
	}
	return s.Send(rest)
}

func (s *stream) Recv(message []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_READ, uintptr(*s), uintptr(unsafe.Pointer(unsafe.SliceData(message))), uintptr(len(message)), 0, 0, 0)
	if int(n) == len(message) {
		return len(message), nil
	}
	return s.recvRest(message, n, errno)
}

func (s *stream) recvRest(rest []byte, n uintptr, errno syscall.Errno) (int, error) {
	switch {
	case errno == syscall.EINTR:
		return s.Recv(rest)
	case errno != 0:
		return 0, os.NewSyscallError("read", errno)
	case n == 0:
		return 0, io.EOF
	}
	more, err := s.Recv(rest[n:])
	if err == io.EOF {
		err = nil
	}
	return int(n) + more, err
}

func (s *stream) Close() error { return FD(*s).Close() }

// Main plays the part that ipcbench gives this process, and ends the process.
func Main(t Transport) {
	if address, err := syscall.Getsockname(control); err != nil || !isUnix(address) {
		fmt.Fprintf(os.Stderr, "%s is a transport for ipcbench, which starts it: ipcbench run --mech exec:PROGRAM\n", t.Name)
		os.Exit(2)
	}
	if t.Raw {
		settle()
	} else {
		runtime.UnlockOSThread()
	}
	syscall.CloseOnExec(control)
	p := &part{transport: t}
	p.answer("hello protocol=1 kit=go name=%s version=%s", strings.ReplaceAll(t.Name, " ", "-"), strings.ReplaceAll(t.Version, " ", "-"))
	p.begin()
	for p.round() {
		if t.Raw {
			procPin()
		}
		start := monotonic()
		p.watch, p.last = time.Now(), 0
		p.play()
		end := monotonic()
		if t.Raw {
			procUnpin()
		}
		p.account(start, end)
	}
	for _, l := range p.links {
		end := p.in
		if l.Sends {
			end = p.out
		}
		if err := end.Close(); err != nil {
			p.die("close of link %d: %v", l.Number, err)
		}
	}
	os.Exit(0)
}

// The main goroutine is on the main thread here, and later perhaps not.
func init() { runtime.LockOSThread() }

// control is the descriptor on which ipcbench speaks.
const control = 3

func isUnix(a syscall.Sockaddr) bool { _, ok := a.(*syscall.SockaddrUnix); return ok }

// The runtime lets other packages link to these, go.dev/issue/67401. A goroutine
// that has run for 10 ms is otherwise asked to let others run, even if there are
// none, which takes two wake-ups.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// settle makes this process one that works on one thread. Signals that preempt a
// goroutine can be left out from a program's beginning only, so that it begins
// again.
func settle() {
	const quiet = "asyncpreemptoff=1"
	if debug := os.Getenv("GODEBUG"); !strings.Contains(debug, quiet) {
		os.Setenv("GODEBUG", strings.TrimPrefix(debug+","+quiet, ","))
		os.Setenv("GOGC", "off")
		os.Setenv("GOMAXPROCS", "1")
		err := syscall.Exec("/proc/self/exe", os.Args, os.Environ())
		(&part{}).die("exec /proc/self/exe: %v", err)
	}
	// A table of descriptors of its own spares the main thread an atomic operation a
	// call, a sixth of a short message. Go's poller must exist in both tables.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
		syscall.Unshare(syscall.CLONE_FILES) // where that is not permitted, messages cost more
	}
}

// monotonic is CLOCK_MONOTONIC in ns.
func monotonic() int64 {
	var t syscall.Timespec
	syscall.RawSyscall6(syscall.SYS_CLOCK_GETTIME, 1, uintptr(unsafe.Pointer(&t)), 0, 0, 0, 0)
	return t.Nano()
}

const mix = 0x9e3779b97f4a7c15

// origin is what a receiver knows of the messages of a sender in this round.
type origin struct {
	first, due uint64 // stamps of its first message and of its next one
	digest     uint64
	crc        uint32
	known      bool // first is
}

// part is what this process plays.
type part struct {
	transport     Transport
	links         []*Link
	inLink        *Link // nil: there is none
	outLink       *Link
	in, out       End
	playName      string
	size          int
	message       []byte
	expected      []byte // what a sealed message has, see examine
	count         int    // of operations in this round
	first, stamp  uint64 // of the round's first message, and of the next one that is sent
	sealed, timed bool
	origins       []origin // of inLink, one for each sender
	quick         *origin  // its next message takes no more than the comparison with due
	times         []uint32 // how many operations took how long, see lap
	watch         time.Time
	last          time.Duration
	input         []byte // what came from ipcbench and was not used
}

// answer sends a line.
func (p *part) answer(format string, args ...any) {
	text := append(bytes.ReplaceAll(fmt.Appendf(nil, format, args...), []byte("\n"), []byte(" ")), '\n')
	for rest := text; len(rest) > 0; {
		n, err := syscall.Write(control, rest)
		if err != nil && err != syscall.EINTR {
			fmt.Fprintf(os.Stderr, "%swrite to ipcbench, descriptor 3: %v\n", text, err)
			os.Exit(1)
		}
		rest = rest[max(n, 0):]
	}
}

// die answers that the part failed, and ends the process.
func (p *part) die(format string, args ...any) {
	p.answer("error "+format, args...)
	os.Exit(1)
}

// line is the next line from ipcbench.
func (p *part) line() string {
	const longest = 1 << 20
	for {
		if at := bytes.IndexByte(p.input, '\n'); at >= 0 {
			text := string(p.input[:at])
			p.input = p.input[at+1:]
			return text
		}
		if len(p.input) >= longest {
			p.die("a line from ipcbench has more than %d bytes", longest)
		}
		var room [4096]byte
		n, err := p.read(room[:])
		if err == syscall.EINTR {
			continue
		}
		if n <= 0 {
			text := "ipcbench has closed the control descriptor"
			if err != nil {
				text += ": " + err.Error()
			}
			fmt.Fprintln(os.Stderr, text)
			os.Exit(1)
		}
		p.input = append(p.input, room[:n]...)
	}
}

// read reads what ipcbench has sent. A Raw transport waits without a word to Go's
// scheduler: a read that it knows of wakes the runtime's monitor when it ends. That
// then looks around every 20 µs, later every 10 ms, 60 times in a round of 20 ms. Each
// look takes the CPU from a part: 6 % of a round trip through a pipe.
func (p *part) read(room []byte) (int, error) {
	if !p.transport.Raw {
		return syscall.Read(control, room)
	}
	n, _, errno := syscall.RawSyscall6(syscall.SYS_READ, control, uintptr(unsafe.Pointer(unsafe.SliceData(room))), uintptr(len(room)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// want is line, which must begin with one of two words.
func (p *part) want(word, other string) string {
	line := p.line()
	got, _, _ := strings.Cut(line, " ")
	if got != word && got != other {
		if other != "" {
			word += " or " + other
		}
		p.die("line %q out of turn: want %s", line, word)
	}
	return line
}

// field is the value of a field of a line.
func field(line, key string) (value string, ok bool) {
	for _, f := range strings.Split(line, " ")[1:] {
		if k, v, _ := strings.Cut(f, "="); k == key {
			return v, true
		}
	}
	return "", false
}

// text is the value of a field that must be there.
func (p *part) text(line, key string) string {
	value, ok := field(line, key)
	if !ok {
		p.die("line %q: field %s is missing", line, key)
	}
	return value
}

// number is the number in a field that must be there.
func (p *part) number(line, key string, base int) uint64 {
	n, err := strconv.ParseUint(p.text(line, key), base, 64)
	if err != nil {
		p.die("line %q: field %s is no number", line, key)
	}
	return n
}

// refuse ends the process with the reason for which make or open failed.
func (p *part) refuse(call string, l *Link, err error) {
	var u *unsupported
	if !errors.As(err, &u) {
		p.die("%s of link %d: %v", call, l.Number, err)
	}
	p.answer("unsupported %v", err)
	os.Exit(0)
}

// begin is all up to the first round.
func (p *part) begin() {
	line := p.want("part", "")
	play, dir, workload, role := p.text(line, "play"), p.text(line, "dir"), p.text(line, "workload"), p.text(line, "role")
	size, queue := p.number(line, "size", 10), p.number(line, "queue", 10)
	if size < 1 || size > 1<<40 {
		p.die("line %q: no size of a message", line)
	}
	p.size, p.playName = int(size), play
	why := ""
	for {
		if line = p.want("link", "make"); !strings.HasPrefix(line, "link") {
			break
		}
		l := &Link{
			Number: int(p.number(line, "number", 10)), Senders: int(p.number(line, "senders", 10)), Receivers: int(p.number(line, "receivers", 10)),
			Sends: p.text(line, "way") == "send", FD: -1,
			Size: p.size, Queue: int(queue), Dir: dir, Play: play, Workload: workload, Role: role,
		}
		if _, ok := field(line, "fd"); ok {
			l.FD = int(p.number(line, "fd", 10))
			syscall.CloseOnExec(l.FD) // a child would keep the link open
		}
		if l.Senders < 1 || l.Senders > 65535 {
			p.die("line %q: no number of senders", line)
		}
		mine := &p.inLink
		if l.Sends {
			l.Origin = int(p.number(line, "origin", 10))
			mine = &p.outLink
		} else if p.origins = make([]origin, l.Senders); l.Senders > 1 && p.size < 8 {
			why = "messages of fewer than 8 bytes do not name their sender"
		}
		if *mine != nil {
			why = "this kit plays on at most one link of each way"
		}
		*mine = l
		p.links = append(p.links, l)
	}
	if play != "send" && play != "receive" && play != "call" && play != "forward" {
		why = "this kit has the plays send, receive, call and forward"
	}
	if why != "" {
		p.answer("unsupported %s", why)
		os.Exit(0)
	}
	if play != "receive" && p.outLink == nil || play != "send" && p.inLink == nil {
		p.die("play %s lacks a link", play)
	}
	if p.transport.Make != nil && p.inLink != nil {
		if err := p.transport.Make(p.inLink); err != nil {
			p.refuse("make", p.inLink, err)
		}
	}
	p.answer("made")
	p.want("open", "")
	for _, l := range p.links {
		end, err := p.transport.Open(l)
		if err != nil {
			p.refuse("open", l, err)
		}
		if fd, ok := end.(FD); ok {
			end = (*stream)(&fd)
		}
		if l.Sends {
			p.out = end
		} else {
			p.in = end
		}
	}
	p.message, p.expected = buffer(p.size), buffer(p.size)
	p.answer("ready")
}

// buffer is one for a message: from the start of a page on, as ipcbench's own, and
// every page is written once, so that no page fault falls into a round. It has
// room for 8 bytes more.
func buffer(size int) []byte {
	page := os.Getpagesize()
	p := make([]byte, size+16+page)
	for i := range p {
		p[i] = 1
	}
	at := page - int(uintptr(unsafe.Pointer(&p[0])))&(page-1)
	return p[at : at+size : at+size+16]
}

// round gets ready for the next round and waits for its start. False: there is no
// further one.
func (p *part) round() bool {
	line := p.want("round", "close")
	if strings.HasPrefix(line, "close") {
		return false
	}
	p.count = int(p.number(line, "count", 10))
	p.first = 0
	if p.playName == "send" || p.playName == "call" {
		p.first = p.number(line, "first", 16)
	}
	p.stamp, p.quick = p.first, nil
	sealed, _ := field(line, "sealed")
	timed, _ := field(line, "latency")
	p.sealed, p.timed = sealed == "1", timed == "1" && p.playName == "call"
	clear(p.origins)
	if p.playName == "call" {
		p.origins[0] = origin{first: p.first, due: p.first, known: true}
	}
	if p.timed {
		p.times = make([]uint32, buckets)
	}
	p.answer("armed")
	p.want("go", "")
	return true
}

// play plays a round. What a message takes besides Send and Recv is compiled into
// the loops: on a kernel that defends itself against speculation, every return
// between a system call and its loop costs a misprediction.
func (p *part) play() {
	in, out, m := p.in, p.out, p.message
	switch p.playName {
	case "send":
		for n := p.count; n > 0; n-- {
			p.next()
			if err := out.Send(m); err != nil {
				p.sendFailed(err)
			}
		}
	case "receive":
		for n := p.count; n > 0; n-- {
			if n, err := in.Recv(m); n != len(m) || err != nil {
				p.recvFailed(n, err)
			}
			if !p.acceptNext() {
				p.examine()
			}
		}
	case "call":
		for n := p.count; n > 0; n-- {
			p.next()
			if err := out.Send(m); err != nil {
				p.sendFailed(err)
			}
			if p.sealed { // else the answer would be there before it comes
				clear(m)
			}
			if n, err := in.Recv(m); n != len(m) || err != nil {
				p.recvFailed(n, err)
			}
			if !p.acceptNext() {
				p.examine()
			}
			if p.timed {
				p.lap()
			}
		}
	case "forward":
		for n := p.count; n > 0; n-- {
			if n, err := in.Recv(m); n != len(m) || err != nil {
				p.recvFailed(n, err)
			}
			if !p.acceptNext() {
				p.examine()
			}
			if err := out.Send(m); err != nil {
				p.sendFailed(err)
			}
		}
	}
}

// next makes the buffer the next message of this part.
func (p *part) next() {
	binary.LittleEndian.PutUint64(p.message[:8], p.stamp)
	if p.sealed {
		p.seal(p.message, p.stamp)
	}
	p.stamp++
}

// acceptNext reports whether the short check finds the message that is due, and
// advances to the next.
func (p *part) acceptNext() bool {
	o := p.quick
	if o == nil {
		return false
	}
	stamp := binary.LittleEndian.Uint64(p.message[:8])
	if stamp != o.due {
		return false
	}
	o.digest = (o.digest ^ stamp) * mix
	o.due++
	return true
}

// examine is the check of a message for all that a round may ask.
func (p *part) examine() {
	mask := ^uint64(0)
	if p.size < 8 {
		mask = 1<<(8*p.size) - 1
	}
	got := binary.LittleEndian.Uint64(p.message[:8]) & mask
	from := 0
	if len(p.origins) > 1 {
		from = int(got >> 48)
	}
	if from >= len(p.origins) {
		p.die("message of origin %d on link %d, which has %d senders: damaged, or of another link", from, p.inLink.Number, len(p.origins))
	}
	o := &p.origins[from]
	if !o.known {
		o.first, o.due, o.known = got, got, true
	}
	number := o.due - o.first + 1
	if want := o.due & mask; got != want {
		what := "lost, doubled or reordered"
		if min(got-want, want-got) > 1<<32 {
			what = "damaged, or of another link"
		}
		p.die("message %d of origin %d: %s: want %x, got %x", number, from, what, want, got)
	}
	if p.sealed {
		p.seal(p.expected, got)
		for i, b := range p.message {
			if b != p.expected[i] {
				p.die("message %d of origin %d: damaged at byte %d of %d: want %02x, got %02x", number, from, i, p.size, p.expected[i], b)
			}
		}
		o.crc = crc32.Update(o.crc, crc32.IEEETable, p.message)
	}
	o.digest = (o.digest ^ got) * mix
	o.due++
	if len(p.origins) == 1 && p.size >= 8 && !p.sealed {
		p.quick = o
	}
}

// seal fills a message with the stamp and the bytes of a sealed round.
func (p *part) seal(m []byte, stamp uint64) {
	binary.LittleEndian.PutUint64(m[:8], stamp)
	x := stamp*mix + 1
	for i := 8; i < len(m); i += 8 {
		if i+8 <= len(m) {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
		binary.LittleEndian.PutUint64(m[i:i+8], x)
	}
}

// received is how many messages of the round have come, sent how many have gone.
func (p *part) received() (n uint64) {
	for _, o := range p.origins {
		n += o.due - o.first
	}
	return n
}

func (p *part) sent() uint64 {
	if p.playName == "forward" {
		return p.received()
	}
	return p.stamp - p.first
}

func (p *part) sendFailed(err error) {
	p.die("send of message %d on link %d: %v", p.sent(), p.outLink.Number, err)
}

func (p *part) recvFailed(n int, err error) {
	number, due := p.inLink.Number, p.received()+1
	switch {
	case err == io.EOF:
		p.die("end of link %d before message %d: recv returned no byte", number, due)
	case err != nil:
		p.die("recv of message %d on link %d: %v", due, number, err)
	case n > p.size:
		p.die("message %d on link %d has at least %d bytes, want %d", due, number, n, p.size)
	}
	p.die("message %d on link %d has %d bytes, want %d", due, number, n, p.size)
}

// buckets are 1024 of each power of two, up to 2^41 ns.
const buckets = 32768

// lap counts what the operation took that ends now. Buckets up to 2048 ns have one
// value each, those above are at most 1/1024 wide.
func (p *part) lap() {
	now := time.Since(p.watch)
	ns := min(uint64(now-p.last), 1<<41-1)
	p.last = now
	shift := max(bits.Len64(ns)-11, 0)
	p.times[shift*1024+int(ns>>shift)]++
}

// account answers with the account of the round.
func (p *part) account(start, end int64) {
	var received, digests, crcs, times []string
	for _, o := range p.origins {
		received = append(received, strconv.FormatUint(o.due-o.first, 10))
		digests = append(digests, strconv.FormatUint(o.digest, 16))
		crcs = append(crcs, strconv.FormatUint(uint64(o.crc), 16))
	}
	if len(p.origins) == 0 {
		received, digests, crcs = []string{"0"}, []string{"0"}, []string{"0"}
	}
	sent := uint64(0)
	if p.out != nil {
		sent = p.sent()
	}
	line := fmt.Sprintf("done start=%d end=%d sent=%d received=%s digest=%s", start, end, sent, strings.Join(received, ","), strings.Join(digests, ","))
	if p.sealed {
		line += " crc=" + strings.Join(crcs, ",")
	}
	if p.timed {
		for i, n := range p.times {
			if n > 0 {
				shift := max(i/1024-1, 0)
				times = append(times, fmt.Sprintf("%d:%d", (i-shift*1024)<<shift, n))
			}
		}
		line += " latencies=" + strings.Join(times, ",")
	}
	p.answer("%s", line)
}
