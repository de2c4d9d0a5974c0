package kit_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ipcbench/external/declare"
	"ipcbench/internal/need"
)

// message is one of the protocol, written as docs/protocol.md has it.
func message(size int, stamp uint64, sealed bool) []byte {
	m := binary.LittleEndian.AppendUint64(nil, stamp)
	x := stamp*0x9e3779b97f4a7c15 + 1
	for sealed && len(m)+8 <= size {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		m = binary.LittleEndian.AppendUint64(m, x)
	}
	m = binary.LittleEndian.AppendUint64(m, x)
	if len(m) < size {
		m = append(m, make([]byte, size-len(m))...)
	}
	return m[:size]
}

// total is the digest and CRC of n messages from this stamp on.
func total(size int, first uint64, n int, sealed bool) (digest uint64, crc uint32) {
	for i := range n {
		stamp := first + uint64(i)
		if sealed {
			crc = crc32.Update(crc, crc32.IEEETable, message(size, stamp, true))
		}
		digest = (digest ^ stamp&(1<<(8*min(size, 8))-1)) * 0x9e3779b97f4a7c15
	}
	return digest, crc
}

type round struct {
	options         string
	sealed, latency bool
	count           int // even
	first           uint64
}

// play plays a round and holds what the parts answer against what they must.
func play(t *testing.T, w workload, all []*process, size int, r round) {
	t.Helper()
	for i, a := range w.parts {
		line := fmt.Sprintf("round kind=test count=%d colour=blue", r.count*a.share/2)
		if a.play == "send" || a.play == "call" {
			line += fmt.Sprintf(" first=%x", uint64(a.origin)<<48|r.first)
		}
		if r.sealed {
			line += " sealed=1"
		}
		if r.latency && a.play == "call" {
			line += " latency=1"
		}
		all[i].say("%s", line)
	}
	for _, p := range all {
		p.want("armed")
	}
	went := now()
	for _, p := range all {
		p.say("go")
	}
	for i, a := range w.parts {
		p := all[i]
		done := p.want("done")
		came := now()
		number := func(key string) int64 {
			n, err := strconv.ParseInt(done[key], 10, 64)
			if err != nil {
				t.Fatalf("%s: field %s: %v", p.what, key, err)
			}
			return n
		}
		start, end := number("start"), number("end")
		if start < went || end < start || came < end {
			t.Errorf("%s: from %d to %d, while the round was between %d and %d", p.what, start, end, went, came)
		}
		n := r.count * a.share / 2
		want := map[string]string{"sent": "0", "received": "0", "digest": "0"}
		if a.out >= 0 {
			want["sent"] = strconv.Itoa(n)
		}
		if r.sealed {
			want["crc"] = "0"
		}
		if a.in >= 0 {
			var received, digests, crcs []string
			for o := range w.senders[a.in] {
				share := n / w.senders[a.in]
				digest, crc := total(size, uint64(o)<<48|r.first, share, r.sealed)
				received, digests, crcs = append(received, strconv.Itoa(share)), append(digests, fmt.Sprintf("%x", digest)), append(crcs, fmt.Sprintf("%x", crc))
			}
			want["received"], want["digest"] = strings.Join(received, ","), strings.Join(digests, ",")
			if r.sealed {
				want["crc"] = strings.Join(crcs, ",")
			}
		}
		for key, value := range want {
			if done[key] != value {
				t.Errorf("%s, %s: %s=%s, want %s", p.what, r.options, key, done[key], value)
			}
		}
		times, ok := done["latencies"]
		if ok != (r.latency && a.play == "call") {
			t.Errorf("%s, %s: latencies %q", p.what, r.options, times)
		}
		if ok {
			checkTimes(t, times, n, end-start)
		}
	}
}

// checkTimes holds a list of latencies against the number of operations and the time
// that all took.
func checkTimes(t *testing.T, list string, n int, elapsed int64) {
	t.Helper()
	var sum, all int64
	last := int64(-1)
	for _, pair := range strings.Split(list, ",") {
		var ns, count int64
		if _, err := fmt.Sscanf(pair, "%d:%d", &ns, &count); err != nil || count < 1 || ns <= last {
			t.Fatalf("latencies %q: pair %q: %v", list, pair, err)
		}
		sum, all, last = sum+ns*count, all+count, ns
	}
	if all != int64(n) || sum <= 0 || sum > elapsed {
		t.Errorf("latencies %q: %d operations in %d ns, want %d in at most %d", list, all, sum, n, elapsed)
	}
}

// Every kit plays every part at every size: what it sends and what it answers is
// what docs/protocol.md asks for.
func TestKits(t *testing.T) {
	for _, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			x.program(t)
			for _, w := range workloads {
				for _, size := range []int{1, 7, 8, 9, 64, 4096, 65537} {
					if !x.pipes && (w.name == "fanin" || size != 64 && size != 65537) {
						continue // one sender, and the kit is the same
					}
					t.Run(fmt.Sprintf("%s/%d", w.name, size), func(t *testing.T) { playAll(t, x, w, size) })
				}
			}
		})
	}
}

func playAll(t *testing.T, x *example, w workload, size int) {
	unsupported := ""
	switch {
	case w.name != "fanin":
	case size < 8:
		unsupported = "do not name their sender"
	case size > 4096:
		unsupported = "interleave"
	}
	all := launch(t, x, w, size)
	if !open(t, all, unsupported) {
		return
	}
	many := 300
	if size > 4096 {
		many = 20
	}
	for _, r := range []round{
		{options: "plain", count: many, first: 0xfffff0},
		{options: "again", count: 2, first: 0xfffff0}, // neither goes on where the last one ended
		{options: "latency", latency: true, count: many, first: 0x7fff_0000_0000},
		{options: "sealed", sealed: true, count: 6, first: 0x1234_5678_9abc},
		{options: "empty", count: 0, first: 7},
	} {
		play(t, w, all, size, r)
	}
	for _, p := range all {
		p.say("close")
		if status := p.leave(); status != 0 || p.stderr.Len() > 0 {
			t.Errorf("%s: status %d after close\n%s", p.what, status, &p.stderr)
		}
	}
}

// The declaration that README.md shows is that of the program that it shows.
func TestREADME(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	buildReadme(t, filepath.Join(dir, "mine"))
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	path := filepath.Join(dir, "transport.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := declare.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if d.Framing != "packet" || d.Senders != "one" || d.PeerDeath != "eof" || !d.Unrelated || d.Sizes.Most == 0 {
		t.Errorf("declaration %+v", d)
	}
}

// pipeExamples calls f for each kit's example on pipes.
func pipeExamples(t *testing.T, f func(t *testing.T, x *example)) {
	for _, x := range examples {
		if x.pipes {
			t.Run(x.name, func(t *testing.T) { f(t, x) })
		}
	}
}

const partLine = "part play=receive workload=Test role=r size=64 queue=0 dir=/"

// What ipcbench never sends gets an error that names it.
func TestControlFaults(t *testing.T) {
	const link = "link number=0 way=receive senders=1 receivers=1 fd=0"
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"go first", []string{"go"}, `error line "go" out of turn: want part`},
		{"unknown word", []string{"dance fast=1"}, `error line "dance fast=1" out of turn: want part`},
		{"round for a link", []string{partLine, "round kind=a count=1"}, `error line "round kind=a count=1" out of turn: want link or make`},
		{"make twice", []string{partLine, link, "make", "make"}, `error line "make" out of turn: want open`},
		{"go for a round", []string{partLine, link, "make", "open", "go"}, `error line "go" out of turn: want round or close`},
		{"close for go", []string{partLine, link, "make", "open", "round kind=a count=1", "close"}, `error line "close" out of turn: want go`},
		{"no size", []string{"part play=receive workload=Test role=r queue=0 dir=/", link, "make"}, ": field size is missing"},
		{"size of letters", []string{"part play=receive workload=Test role=r size=many queue=0 dir=/", link, "make"}, ": field size is no number"},
		{"size 0", []string{"part play=receive workload=Test role=r size=0 queue=0 dir=/", link, "make"}, ": no size of a message"},
		{"no count", []string{partLine, link, "make", "open", "round kind=a"}, ": field count is missing"},
		{"no link", []string{partLine, "make"}, "error play receive lacks a link"},
		{"other play", []string{"part play=lend workload=Test role=r size=64 queue=0 dir=/", link, "make"}, "unsupported this kit has the plays send, receive, call and forward"},
		{"two links", []string{partLine, link, strings.Replace(link, "number=0", "number=1", 1), "make"}, "unsupported this kit plays on at most one link of each way"},
		{"long line", []string{"part " + strings.Repeat("x", 1<<20+4096)}, "error a line from ipcbench has more than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pipeExamples(t, func(t *testing.T, x *example) {
				p := start(t, x.program(t), "process")
				p.want("hello")
				// It may answer, and end, before it has read all.
				p.control.WriteString(strings.Join(c.lines, "\n") + "\n")
				var last string
				for last = p.line(); last == "made" || last == "ready" || last == "armed"; {
					last = p.line()
				}
				if !strings.HasSuffix(last, c.want) || !strings.HasPrefix(last, "error ") && !strings.HasPrefix(last, "unsupported ") {
					t.Errorf("answer %q, want %q", last, c.want)
				}
				p.leave()
			})
		})
	}
}

// A program that ipcbench has refused, or whose ipcbench has ended, ends too.
func TestControlCloses(t *testing.T) {
	for _, lines := range []string{"", partLine + "\n", partLine + "\nlink number=0 way=receive senders=1 receivers=1 fd=0\nmake\nopen\n"} {
		pipeExamples(t, func(t *testing.T, x *example) {
			p := start(t, x.program(t), "process")
			p.want("hello")
			p.control.WriteString(lines)
			for range strings.Count(lines, "\nmake\nopen\n") * 2 {
				p.line()
			}
			p.control.Close()
			if status := p.leave(); status != 1 || !strings.Contains(p.stderr.String(), "ipcbench has closed the control descriptor") {
				t.Errorf("status %d, %q", status, &p.stderr)
			}
		})
	}
}

// A program that is started by hand says what it is for.
func TestStartedByHand(t *testing.T) {
	pipeExamples(t, func(t *testing.T, x *example) {
		command := x.program(t)
		c := exec.Command(command[0], command[1:]...)
		c.Env = append(os.Environ(), "PYTHONPYCACHEPREFIX="+binaries)
		out, _ := c.CombinedOutput()
		if want := "pipe is a transport for ipcbench, which starts it: ipcbench run --mech exec:PROGRAM\n"; string(out) != want || c.ProcessState.ExitCode() != 2 {
			t.Errorf("status %d, %q, want 2, %q", c.ProcessState.ExitCode(), out, want)
		}
	})
}

// A receiver finds at once what a link must not do, and names the message.
func TestMessageFaults(t *testing.T) {
	const first = 0x1_0000_0005
	stamps := func(all ...uint64) (bytes []byte) {
		for _, s := range all {
			bytes = append(bytes, message(64, first+s-1, false)...)
		}
		return bytes
	}
	damaged := append(stamps(1), message(64, first+1, false)...)
	damaged[64+6] ^= 0x40
	sealed := append(message(64, first, true), message(64, first+1, true)...)
	sealed[64+40] ^= 0xff
	for _, c := range []struct {
		name, options string
		senders       int
		bytes         []byte
		want          string
	}{
		{"lost", "", 1, stamps(1, 2, 4), "error message 3 of origin 0: lost, doubled or reordered: want 100000007, got 100000008"},
		{"doubled", "", 1, stamps(1, 2, 2), "error message 3 of origin 0: lost, doubled or reordered: want 100000007, got 100000006"},
		{"reordered", "", 1, stamps(1, 3, 2), "error message 2 of origin 0: lost, doubled or reordered: want 100000006, got 100000007"},
		{"damaged", "", 1, damaged, "error message 2 of origin 0: damaged, or of another link: want 100000006, got 40000100000006"},
		{"lost of two", "", 2, stamps(1, 1<<48+1, 2, 1<<48+3), "error message 2 of origin 1: lost, doubled or reordered: want 1000100000006, got 1000100000007"},
		{"stranger", "", 2, stamps(1, 5<<48), "error message of origin 5 on link 0, which has 2 senders: damaged, or of another link"},
		{"seal", " sealed=1", 1, sealed, "error message 2 of origin 0: damaged at byte 40 of 64: want "},
		{"end", "", 1, stamps(1, 2), "error end of link 0 before message 3: recv returned no byte"},
		{"end at once", "", 1, nil, "error end of link 0 before message 1: recv returned no byte"},
		{"cut", "", 1, stamps(1, 2)[:100], "error message 2 on link 0 has 36 bytes, want 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pipeExamples(t, func(t *testing.T, x *example) {
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				p := start(t, x.program(t), "receiver", r)
				r.Close()
				p.say("%s\nlink number=0 way=receive senders=%d receivers=1 fd=4\nmake\nopen\nround kind=test count=9%s", partLine, c.senders, c.options)
				for _, word := range []string{"hello", "made", "ready", "armed"} {
					p.want(word)
				}
				w.Write(c.bytes)
				w.Close()
				p.say("go")
				if got := p.line(); !strings.HasPrefix(got, c.want) || strings.HasSuffix(c.want, "0") && got != c.want {
					t.Errorf("answer %q, want %q", got, c.want)
				}
				if status := p.leave(); status != 1 {
					t.Errorf("status %d, want 1", status)
				}
			})
		})
	}
}

// What a system call refuses has the call, the message and the text of errno.
func TestCallFaults(t *testing.T) {
	pipeExamples(t, func(t *testing.T, x *example) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := start(t, x.program(t), "sender", w)
		r.Close()
		w.Close()
		p.say("%s\nlink number=0 way=send senders=1 receivers=1 origin=0 fd=4\nmake\nopen\nround kind=test count=9 first=5\ngo", strings.Replace(partLine, "receive", "send", 1))
		for _, word := range []string{"hello", "made", "ready", "armed"} {
			p.want(word)
		}
		if got := strings.ToLower(p.line()); !strings.HasPrefix(got, "error send of message 1 on link 0: ") || !strings.HasSuffix(got, "broken pipe") {
			t.Errorf("answer %q", got)
		}
	})
	for _, x := range examples {
		if x.pipes {
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			p := start(t, x.program(t), "receiver")
			p.want("hello")
			p.say("%s\nlink number=3 way=receive senders=1 receivers=1\nmake", strings.Replace(partLine, "dir=/", "dir=/nowhere", 1))
			if got := strings.ToLower(p.line()); !strings.HasPrefix(got, "error make of link 3: ") || !strings.HasSuffix(got, "no such file or directory") {
				t.Errorf("answer %q", got)
			}
		})
	}
}

// A caller finds an answer that is not its message, though its own still lies in the
// buffer.
func TestAnswerFaults(t *testing.T) {
	pipeExamples(t, func(t *testing.T, x *example) {
		there, theirs, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer there.Close()
		back, ours, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := start(t, x.program(t), "caller", theirs, back)
		theirs.Close()
		back.Close()
		p.say("%s\nlink number=0 way=send senders=1 receivers=1 origin=0 fd=4\nlink number=1 way=receive senders=1 receivers=1 fd=5\nmake\nopen\nround kind=test count=2 first=5\ngo",
			strings.Replace(partLine, "receive", "call", 1))
		for _, word := range []string{"hello", "made", "ready", "armed"} {
			p.want(word)
		}
		ours.Write(message(64, 6, false))
		ours.Close()
		if got, want := p.line(), "error message 1 of origin 0: lost, doubled or reordered: want 5, got 6"; got != want {
			t.Errorf("answer %q, want %q", got, want)
		}
	})
}

// The C kit compiles without a warning as each language that it may be part of, also
// where an author uses a part of it.
func TestLanguages(t *testing.T) {
	for _, c := range []struct{ compiler, std, file string }{
		{"gcc", "gnu11", "pipe"}, {"gcc", "c17", "socket"}, {"clang", "c99", "socket"},
		{"g++", "c++11", "pipe"}, {"g++", "c++17", "pipe"}, {"clang++", "c++11", "pipe"},
		{"musl-gcc", "c99", "socket"},
	} {
		t.Run(c.compiler+"/"+c.std, func(t *testing.T) {
			path := compiler(t, c.compiler)
			args := append(strict, "-std="+c.std, "-o", filepath.Join(t.TempDir(), "out"))
			if strings.HasSuffix(c.compiler, "++") {
				args = append(args, "-x", "c++")
			}
			compile(t, "../examples/c-"+c.file, path, append(args, c.file+".c")...)
		})
	}
}

// The modules of Go, which are not part of this one, pass go vet.
func TestModules(t *testing.T) {
	need.Time(t)
	for _, dir := range []string{"go", "../examples/go-pipe", "../examples/go-socket"} {
		compile(t, dir, "go", "vet", "./...")
	}
}

// A library that holds its last message back sends it in flush: the round would not end
// without.
func TestFlush(t *testing.T) {
	source := `#include "ipcbench.h"
static unsigned char held[64];
static int holds;
static int put(ipcbench_end *e)
{
	int r = holds ? ipcbench_write(e->fd, held, sizeof held) : 0;
	holds = 0;
	return r;
}
static int open_end(ipcbench_end *e) { e->flush = e->sends ? put : NULL; return 0; }
static int send_message(ipcbench_end *e, const void *message, size_t size)
{
	int r = put(e);
	memcpy(held, message, size);
	holds = 1;
	return r;
}
static ssize_t recv_message(ipcbench_end *e, void *message, size_t size) { return ipcbench_read(e->fd, message, size); }
static const ipcbench_transport holding = {"holding", "1", NULL, open_end, send_message, recv_message, NULL};
int main(void) { return ipcbench_main(&holding); }
`
	x := &example{name: "holding", pipes: true, build: func(t testing.TB, out string) []string {
		if err := os.WriteFile(out+".c", []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		compile(t, "../examples/c-pipe", compiler(t, "gcc"), append(strict, "-std=c99", "-o", out, out+".c")...)
		return []string{out}
	}}
	w := workloads[0] // stream
	all := launch(t, x, w, 64)
	open(t, all, "")
	play(t, w, all, 64, round{options: "plain", count: 20, first: 9})
	play(t, w, all, 64, round{options: "sealed", sealed: true, count: 4, first: 9})
}

// A child of a program inherits neither the control descriptor nor an end of a link: it
// would keep both open when the program has ended.
func TestDescriptorsCloseOnExec(t *testing.T) {
	pipeExamples(t, func(t *testing.T, x *example) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		p := start(t, x.program(t), "receiver", r)
		r.Close()
		p.say("%s\nlink number=0 way=receive senders=1 receivers=1 fd=4\nmake", partLine)
		p.want("hello")
		p.want("made")
		for fd := 3; fd <= 4; fd++ {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", p.cmd.Process.Pid, fd))
			_, flags, _ := strings.Cut(string(text), "flags:")
			if flags, _, _ = strings.Cut(strings.TrimSpace(flags), "\n"); err != nil || !strings.HasPrefix(flags, "02") {
				t.Errorf("descriptor %d: flags %s, %v: want O_CLOEXEC, 02000000", fd, flags, err)
			}
		}
	})
}

// The monitor of Go's runtime looks every 10 ms at a process that never tells it of a
// wait, and every 20 µs at one that does when it goes on: 59 times in a round of 20 ms.
func TestRawIsNotLookedAt(t *testing.T) {
	for _, x := range examples {
		if !strings.HasPrefix(x.name, "go-") {
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			w := workloads[1]
			all := launch(t, x, w, 64)
			open(t, all, "")
			fewest := make([]int, len(all))
			for round := range 5 { // in the first one it looks at the start of the program still
				time.Sleep(50 * time.Millisecond) // in which it finds a wait that it knows of
				before, at := switches(t, all), time.Now()
				roundTime(w, all, 10_000)
				due := 10 + int(time.Since(at)/(5*time.Millisecond))
				for i, n := range switches(t, all) {
					if looks := n - before[i] - due; round == 0 || looks < fewest[i] {
						fewest[i] = looks
					}
				}
			}
			for i, n := range fewest {
				if n > 0 {
					t.Errorf("%s: its other threads ran %d times more in each round than once in 5 ms and 10 times", all[i].what, n)
				}
			}
		})
	}
}

// switches counts how often threads other than the main one have left a CPU, by process.
func switches(t *testing.T, all []*process) (counts []int) {
	t.Helper()
	for _, p := range all {
		main := fmt.Sprint(p.cmd.Process.Pid)
		files, err := filepath.Glob("/proc/" + main + "/task/*/status")
		if err != nil || len(files) < 2 {
			t.Fatalf("%s: the threads in %q: %v", p.what, files, err)
		}
		count := 0
		for _, file := range files {
			status, err := os.ReadFile(file)
			if filepath.Base(filepath.Dir(file)) == main || err != nil { // a thread may have ended
				continue
			}
			for line := range strings.Lines(string(status)) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
				if strings.HasSuffix(key, "voluntary_ctxt_switches") {
					n, err := strconv.Atoi(strings.TrimSpace(value))
					if err != nil {
						t.Fatalf("%s: %v", file, err)
					}
					count += n
				}
			}
		}
		counts = append(counts, count)
	}
	return counts
}
