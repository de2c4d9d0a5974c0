package kernels

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ipcbench/external/declare"
	"ipcbench/internal/need"
	"ipcbench/kernels/profile"
	"ipcbench/results"
)

// A profile counts what the same round takes in a boot without one, and its paths are
// those that a round trip through a pipe has. The program is stripped, as releases are.
func TestProfile(t *testing.T) {
	need.Time(t)
	qemu, err := Find(t.Context(), amd64)
	if err != nil {
		lacking(t, err.Error())
	}
	kernel, err := ParseKernel(cachedKernel(t) + "=a")
	if err != nil {
		t.Fatal(err)
	}
	image := program(t)
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	p, err := qemu.Profile(t.Context(), kernel, cell, 1, "", ProfileOptions{Ops: 40, Image: image})
	if err != nil {
		t.Fatal(err)
	}
	if p.Image != kernel.Image || p.Kernel != "a" || p.Seed != 1 || p.QEMU != qemu.Version || p.Cell != cell.Name() || p.Ops != 40 {
		t.Errorf("%s, image %s, kernel %s, seed %d, QEMU %s, %d operations", p.Cell, p.Image, p.Kernel, p.Seed, p.QEMU, p.Ops)
	}
	if off := math.Abs(p.PerOp()/p.Counted - 1); off > 0.002 {
		t.Errorf("%.3f insns/op profiled, %.3f counted", p.PerOp(), p.Counted)
	}

	// QEMU's log changes nothing for the guest.
	initrd, err := newInitrd(image, job{Settle: settle, Tasks: []task{{cell, profiledMeasurement(cell, 40)}}})
	if err != nil {
		t.Fatal(err)
	}
	defer initrd.Close()
	plain := profiling{qemu: qemu, kernel: kernel, cell: cell, seed: 1, initrd: initrd}
	_, port, err := plain.boot().run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	heard, err := decode(port)
	if err != nil {
		t.Fatal(err)
	}
	rounds := heard.records[0].Rounds
	if r := rounds[len(rounds)-1]; float64(r.ElapsedNs)/float64(r.Ops) != p.Counted {
		t.Errorf("%d ns in %d operations without a log, %.3f insns/op with one", r.ElapsedNs, r.Ops, p.Counted)
	}

	byTask := map[string]int64{}
	for _, path := range p.Paths {
		byTask[path.Task] += path.Insns
	}
	for _, part := range []struct{ task, loop string }{{"ping", "ipcbench/bench.ping"}, {"pong", "ipcbench/bench.forward"}} {
		if share := float64(byTask[part.task]) / float64(p.Insns()); share < 0.4 || share > 0.6 {
			t.Errorf("%s has %.2f of all instructions", part.task, share)
		}
		for _, calls := range [][]string{{part.loop, "pipe_write", "try_to_wake_up"}, {part.loop, "pipe_read", "schedule", "__schedule"}} {
			if n := below(p, part.task, calls...); float64(n)/float64(p.Ops) < 50 {
				t.Errorf("%s: %s: %d instructions in %d operations", part.task, strings.Join(calls, " > "), n, p.Ops)
			}
		}
	}
	for _, calls := range [][]string{{"pipe_write", "pipe_read"}, {"pipe_read", "pipe_write"}, {"ipcbench/bench.ping", "ipcbench/bench.forward"}, {"schedule", "pipe_read"}} {
		for task := range byTask {
			if n := below(p, task, calls...); n > 0 {
				t.Errorf("%s: %d instructions below %s", task, n, strings.Join(calls, " > "))
			}
		}
	}
	if n := below(p, "ping", "ipcbench/bench.forward") + below(p, "pong", "ipcbench/bench.ping"); n > 0 {
		t.Errorf("%d instructions stand at the other part", n)
	}
}

// The profile of an external program has its functions and the kernel's by the part that
// plays, and adds up to what the program's own clock has counted.
func TestProfileOfAnotherProgram(t *testing.T) {
	if !need.Long() {
		t.Skip("IPCBENCH_LONG=1 boots three guests, a minute or more")
	}
	qemu, err := Find(t.Context(), amd64)
	if err != nil {
		lacking(t, err.Error())
	}
	kernel, err := ParseKernel(cachedKernel(t) + "=a")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "pipe"), ".")
	build.Dir, build.Env = "../examples/go-pipe", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	declared, err := os.ReadFile("../examples/go-pipe/transport.yaml")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "transport.yaml"), declared, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	name, err := declare.Value(declare.Prefix + filepath.Join(dir, "transport.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cell := results.Cell{Workload: "PingPong", Mechanism: name, Size: 64, Place: "same"}
	p, err := qemu.Profile(t.Context(), kernel, cell, 1, "", ProfileOptions{Ops: 40, Image: program(t)})
	if err != nil {
		t.Fatal(err)
	}
	if off := math.Abs(p.PerOp()/p.Counted - 1); off > 0.002 {
		t.Errorf("%.3f insns/op profiled, %.3f counted", p.PerOp(), p.Counted)
	}
	for _, part := range []string{"ping", "pong"} {
		for _, calls := range [][]string{{"ipcbench/kit/go.(*part).play", "ipcbench/kit/go.(*stream).Send", "pipe_write"}, {"ipcbench/kit/go.(*part).play", "ipcbench/kit/go.(*stream).Recv", "pipe_read", "__schedule"}} {
			if n := below(p, part, calls...); float64(n)/float64(p.Ops) < 500 {
				t.Errorf("%s: %s: %d instructions in %d operations", part, strings.Join(calls, " > "), n, p.Ops)
			}
		}
		for _, call := range []string{"ipcbench/external.(*Part).Go", "ipcbench/bench.(*Ends).Play"} { // which have the addresses of other code here
			if n := below(p, part, call); n > 0 {
				t.Errorf("%s: %d instructions below %s", part, n, call)
			}
		}
	}
}

// below is how many instructions a task executed on paths that have these functions, in
// this order, with others between them.
func below(p *profile.Profile, task string, calls ...string) (sum int64) {
	for _, path := range p.Paths {
		rest := calls
		for _, f := range path.Calls {
			if len(rest) > 0 && f.Name == rest[0] {
				rest = rest[1:]
			}
		}
		if path.Task == task && len(rest) == 0 {
			sum += path.Insns
		}
	}
	return sum
}

// What has no profile is refused before a boot, with the reason.
func TestProfileRefused(t *testing.T) {
	for cell, want := range map[results.Cell]string{
		{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "cross"}:      "one CPU",
		{Workload: "PingPong", Mechanism: "pipe", Size: 64 << 10, Place: "same"}: "65536",
	} {
		if p, err := (QEMU{}).Profile(t.Context(), Kernel{}, cell, 1, "", ProfileOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", cell.Name(), p, err)
		}
	}
}

// A round that is profiled has as many operations as were asked for, and its clock is
// read as often per operation as in others.
func TestProfiledMeasurement(t *testing.T) {
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	usual := ICount.measurement(cell, 0)
	for _, ops := range []int{0, 40, 2000} {
		m := profiledMeasurement(cell, ops)
		if ops == 0 {
			ops = usual.Ops / profiledPart
		}
		if m.Ops != 2*ops || !m.Exact || m.Warmup != usual.Warmup || m.Time/time.Duration(m.Ops) != usual.Time/time.Duration(usual.Ops) {
			t.Errorf("%d operations: %+v", ops, m)
		}
	}
}
