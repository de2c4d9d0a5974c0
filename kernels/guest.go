package kernels

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/external"
	"ipcbench/results"
	"ipcbench/runner"
	"ipcbench/semantics"
)

// jobFile is where a guest finds what it is to do. Nothing else makes a
// process with the ID 1 a guest: in a container this program may have it too.
const jobFile = "/ipcbench-job.json"

// job is what a guest does.
type job struct {
	Program string        `json:"program"` // version, for records
	Settle  time.Duration `json:"settle_ns"`
	Tasks   []task        `json:"tasks"` // in this order

	Statements bool   `json:"statements,omitempty"` // check what the manual promises, before the tasks
	Statement  string `json:"statement,omitempty"`  // ID of the only one to check

	External []*external.Declaration `json:"external,omitempty"` // transports whose programs are in the guest

	Suite   *suite `json:"suite,omitempty"`   // in the place of all these
	Symbols bool   `json:"symbols,omitempty"` // the same: send those of the kernel
}

// task is one cell and how it is measured.
type task struct {
	Cell results.Cell       `json:"cell"`
	How  runner.Measurement `json:"how"`
}

// Init turns this process into the guest's first one where it is that, and
// does not return then. It must come in main, after runner.Init: the session
// and the workers of a guest are processes of their own.
func Init() {
	if os.Getpid() != 1 {
		return
	}
	raw, err := os.ReadFile(jobFile)
	if err != nil {
		return
	}
	if err := guest(raw); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", complaint, err)
	}
	unix.Sync()
	// A restart ends the machine, by QEMU's -no-reboot; to switch it off would
	// need ACPI.
	err = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	fmt.Fprintf(os.Stderr, "%sreboot: %v\n", complaint, err)
	select {} // the end of the first process is a panic
}

// mounts is what a process of a run looks for in a system.
var mounts = []struct{ kind, at string }{
	{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"tmpfs", "/dev/shm"},
}

func guest(raw []byte) error {
	g := here()
	if runtime.GOARCH == "386" { // a 64-bit kernel runs it
		g = amd64
	}
	if g == nil {
		return fmt.Errorf("its first program is one for %s: want %s", runtime.GOARCH, known())
	}
	for _, m := range mounts {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("mount %s: %w", m.at, os.NewSyscallError("mount", err))
		}
	}
	if err := raiseLoopback(); err != nil {
		return err
	}
	out, err := openPort(g.port)
	if err != nil {
		return fmt.Errorf("%w: a guest needs two serial ports: CONFIG_SERIAL_8250_RUNTIME_UARTS, or 8250.nr_uarts in --append, of 2 or more", err)
	}
	defer out.Close()
	if err := work(raw, out.send); err != nil {
		return out.send(message{Failed: err.Error()})
	}
	return nil
}

// work does the job.
func work(raw []byte, send func(message) error) error {
	var j job
	if err := json.Unmarshal(raw, &j); err != nil {
		return fmt.Errorf("%s: %w", jobFile, err)
	}
	if err := external.Ensure(j.External); err != nil {
		return err
	}
	if j.Suite != nil {
		if err := j.Suite.run(); err != nil {
			return err
		}
		return send(message{End: new(int)})
	}
	if j.Symbols {
		return sendSymbols(send)
	}
	debug.SetGCPercent(-1) // nothing runs beside the workers, and this process is short
	// With SSE 4.2, whatever links a table of CRC-32C fills in its own as it initialises, and
	// QEMU takes a bit at a time: 0.5 of 3.6 s of processor time that the processes of 18
	// cells took to start. The kernel and the timed path have no part in it.
	if runtime.GOARCH == "amd64" {
		os.Setenv(runner.EnvDebug, "cpu.sse42=off")
	}
	// The kernel is still busy with starting up, beside whatever runs.
	time.Sleep(j.Settle)
	coordinator, err := runner.Start(runner.Options{})
	if err != nil {
		return err
	}
	defer coordinator.Close()
	if err := send(message{Hello: &hello{Host: coordinator.Host(j.Program), Config: configHash(), Idle: idle()}}); err != nil {
		return err
	}
	if err := send(message{Control: control()}); err != nil {
		return err
	}
	if j.Statements {
		// A guest's clock follows the instructions, the slower the more of them
		// a check has to wait for.
		checks := semantics.Checks()
		if c := semantics.Lookup(j.Statement); c != nil {
			checks = []*semantics.Check{c}
		}
		r, err := semantics.Run(context.Background(), checks, semantics.Options{Program: j.Program, Deadline: time.Minute})
		if err != nil {
			return err
		}
		for i := range r.Findings {
			r.Findings[i].Story = nil
		}
		if err := send(message{Statements: r}); err != nil {
			return err
		}
	}
	for _, t := range j.Tasks {
		rec, _ := coordinator.Measure(t.Cell, t.How)
		if err := send(message{Record: &rec}); err != nil {
			return err
		}
	}
	if err := send(message{Control: control()}); err != nil {
		return err
	}
	n := len(j.Tasks)
	return send(message{End: &n})
}

// control is how long an iteration of spin takes, in ns: the median of several
// readings, since a tick of the kernel's clock may fall into one. A Go program
// that wakes looks after itself often at first, and ever more seldom: some
// 40 ms later that is done with.
func control() *float64 {
	for range 30 {
		spin(controlRounds)
	}
	var readings [controlReadings]float64
	for i := range readings {
		start := time.Now()
		spin(controlRounds)
		readings[i] = float64(time.Since(start)) / controlRounds
	}
	slices.Sort(readings[:])
	return &readings[controlReadings/2]
}

// port is a serial port.
type port struct{ *os.File }

// openPort opens a serial port that changes no byte, termios(3).
func openPort(path string) (port, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return port{}, err
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err == nil {
		t.Oflag &^= unix.OPOST
		t.Lflag &^= unix.ECHO | unix.ICANON | unix.ISIG | unix.IEXTEN
		err = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t)
	}
	if err != nil {
		f.Close()
		return port{}, fmt.Errorf("%s: %w", path, os.NewSyscallError("ioctl", err))
	}
	return port{f}, nil
}

// pause lets the background work of a message, or of a process that has just
// started, finish: the control read up to 6 % more without.
const pause = 200 * time.Millisecond

// send writes a message and waits until it has left the machine: what follows
// is measured.
func (p port) send(m message) error {
	line, err := encode(m)
	if err != nil {
		return err
	}
	if _, err := p.Write(line); err != nil {
		return err
	}
	if err := unix.IoctlSetInt(int(p.Fd()), unix.TCSBRK, 1); err != nil {
		return os.NewSyscallError("ioctl", err)
	}
	time.Sleep(pause)
	return nil
}

// configHash distinguishes kernels of one release that keep their
// configuration.
func configHash() string {
	f, err := os.Open("/proc/config.gz")
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		return ""
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, text); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// idle is what waking an idle CPU costs most for.
func idle() string {
	var parts []string
	for _, name := range []string{"current_driver", "current_governor"} {
		b, err := os.ReadFile("/sys/devices/system/cpu/cpuidle/" + name)
		if err == nil {
			parts = append(parts, strings.TrimSpace(string(b)))
		}
	}
	return strings.Join(parts, ", ")
}
