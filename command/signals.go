package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"ipcbench/internal/reexec"
)

// How long a command goes on after a signal that ends it: to end processes, and to
// write what was measured. Timeout(1) sends its signal twice, so that a second one
// leaves time for a short command to end as after one.
var (
	afterOne = 1500 * time.Millisecond
	afterTwo = 200 * time.Millisecond
)

// signaled is the exit status of a command that a signal has ended, as a shell
// counts.
func signaled(sig syscall.Signal) int { return 128 + int(sig) }

// heed ends ctx at the first signal that ends a command. The command then returns
// by itself; where it does not in time, or more signals come, the program ends: its
// processes and objects die with it. Stopped by Ctrl-Z, the processes of the
// command stop too. Caught is the first signal; 0: none came. Restore ends all that.
func heed(stderr io.Writer) (ctx context.Context, caught func() syscall.Signal, restore func()) {
	ctx, cancel := context.WithCancel(context.Background())
	wanted := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT}
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGTSTP} {
		if !signal.Ignored(s) { // by nohup(1), or a shell without job control
			wanted = append(wanted, s)
		}
	}
	got := make(chan os.Signal, 16)
	signal.Notify(got, append(wanted, syscall.SIGCONT)...)
	// What a file size limit refuses has an error. The signal that comes with it
	// would end the program with a dump of its stacks.
	signal.Ignore(syscall.SIGXFSZ)
	var first atomic.Int32
	end := func() {
		sig := syscall.Signal(first.Load())
		fmt.Fprintf(stderr, "ipcbench: ended by %v before it was done\n", sig)
		os.Exit(signaled(sig))
	}
	go func() {
		stopped, wentOn := false, time.Time{}
		ending := 0
		for s := range got {
			switch sig := s.(syscall.Signal); sig {
			case syscall.SIGCONT:
				stopped, wentOn = false, time.Now()
				reexec.Lead(syscall.SIGCONT)
			case syscall.SIGTSTP:
				// A terminal's Ctrl-Z reaches a side of ab twice.
				if stopped || time.Since(wentOn) < 100*time.Millisecond {
					continue
				}
				stopped = true
				reexec.Lead(syscall.SIGSTOP)
				syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			default:
				switch ending++; ending {
				case 1:
					first.Store(int32(sig))
					time.AfterFunc(afterOne, end)
					cancel()
				case 2:
					time.AfterFunc(afterTwo, end)
				default:
					end()
				}
			}
		}
	}()
	return ctx, func() syscall.Signal { return syscall.Signal(first.Load()) }, func() {
		signal.Stop(got)
		close(got)
		cancel()
	}
}
