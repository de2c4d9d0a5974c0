package kit_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkLoop holds a kit's loop on a pipe against a plain loop of C, in rounds that
// alternate, with all processes on one CPU: ns/op is the kit's, and "of-C" the median
// of the ratios. The twin in C neither stamps nor checks.
func BenchmarkLoop(b *testing.B) {
	twin := filepath.Join(binaries, "twin")
	compile(b, "../tools/overhead/c", compiler(b, "gcc"), "-O2", "-pthread", "-o", twin, "pipe.c")
	for _, x := range examples {
		if !x.pipes {
			continue
		}
		for _, w := range []struct {
			workload
			twin string
		}{{workloads[1], "PingPong"}, {workloads[0], "Stream"}} {
			for _, size := range []int{64, 4096} {
				b.Run(fmt.Sprintf("%s/%s/%d", x.name, w.twin, size), func(b *testing.B) { compare(b, x, w.workload, twin, w.twin, size) })
			}
		}
	}
}

func compare(b *testing.B, x *example, w workload, twin, name string, size int) {
	x.program(b)
	cpu := pin(b)
	all := launch(b, x, w, size)
	open(b, all, "")
	c := exec.Command(twin, name, strconv.Itoa(size), cpu, cpu, "0")
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	lines := bufio.NewReader(out)
	lines.ReadString('\n') // its process IDs
	const ops = 4000
	var kits, ratios []float64
	for range max(b.N, 20) {
		kit := roundTime(w, all, ops)
		fmt.Fprintln(in, ops)
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			b.Fatal(err)
		}
		plain, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			b.Fatal(err)
		}
		kits, ratios = append(kits, kit/ops), append(ratios, kit/plain)
	}
	slices.Sort(kits)
	slices.Sort(ratios)
	b.ReportMetric(kits[len(kits)/2], "ns/op")
	b.ReportMetric(ratios[len(ratios)/2], "of-C")
}

// roundTime is how long a round of n operations takes, in ns.
func roundTime(w workload, all []*process, n int) float64 {
	for _, p := range all {
		p.say("round kind=timed count=%d first=1", n)
	}
	for _, p := range all {
		p.want("armed")
	}
	for _, p := range all {
		p.say("go")
	}
	var first, last int64
	for i, p := range all {
		done := p.want("done")
		start, _ := strconv.ParseInt(done["start"], 10, 64)
		end, _ := strconv.ParseInt(done["end"], 10, 64)
		if i == 0 || start < first {
			first = start
		}
		if w.parts[i].in >= 0 {
			last = max(last, end)
		}
	}
	return float64(last - first)
}

// pin keeps this thread, and the processes that it starts, on the last CPU that this
// process may use, until the benchmark ends.
func pin(b *testing.B) (cpu string) {
	runtime.LockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		b.Fatal(os.NewSyscallError("sched_getaffinity", err))
	}
	last := 0
	for n := range 1024 {
		if before.IsSet(n) {
			last = n
		}
	}
	one.Set(last)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		b.Fatal(os.NewSyscallError("sched_setaffinity", err))
	}
	b.Cleanup(func() {
		unix.SchedSetaffinity(0, &before)
		runtime.UnlockOSThread()
	})
	return strconv.Itoa(last)
}
