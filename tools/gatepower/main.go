// Power finds out on this machine, with its noise, how often the gate raises
// a false alarm and how often it catches a regression that is really there.
//
//	go run ./tools/gatepower aa                     # ab of the program with itself: no alarm is right
//	go run ./tools/gatepower caught                 # one planted regression of 15 %: an alarm is right
//	go run ./tools/gatepower table                  # alarms against the regression and the launches
//	go run ./tools/gatepower spoiled -trials 3      # launches on a busy machine: none may look clean that is not
//
// Arguments after -- are given to every `ipcbench ab` of aa and caught, and to
// every `ipcbench run` of spoiled; those of table are lengths of its filters. The
// results are for docs/method.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// verbs by name; each prints lines of a Markdown table as it gets them.
var verbs = map[string]func(ctx context.Context, bin *programs, s settings, args []string) error{
	"aa":      falseAlarms,
	"caught":  caught,
	"table":   table,
	"spoiled": spoiled,
}

// settings of all verbs; each has its use for some.
type settings struct {
	trials       int
	instructions int // of the filter that slows by 15 %; 0: calibrate
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "power:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || verbs[args[0]] == nil {
		return fmt.Errorf("%q: want aa, caught, table or spoiled", args)
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	var s settings
	flags.IntVar(&s.trials, "trials", 20, "comparisons of each kind, or runs side by side")
	flags.IntVar(&s.instructions, "instructions", 0, "of the filter of caught, as an earlier calibration found them; 0 calibrates")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bin, err := build()
	if err != nil {
		return err
	}
	defer bin.notes.Close()
	return verbs[args[0]](ctx, bin, s, flags.Args())
}
