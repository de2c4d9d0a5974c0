package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// falseAlarms compares the program with itself, without a load and then with
// one.
func falseAlarms(ctx context.Context, bin *programs, s settings, args []string) error {
	if len(args) == 0 {
		args = []string{"--preset", "quick"}
	}
	text.Head(os.Stdout, "rlr", "trial", "load", "cells", "launches", "replaced", "untrusted cells", "exit status")
	alarms := 0
	for trial := range s.trials {
		load, stop := "none", func() {}
		if trial >= s.trials/2 {
			load, stop = "on and off", disturb(ctx)
		}
		c, err := bin.ab(ctx, 0, args...)
		stop()
		if err != nil {
			return err
		}
		if c.status == 1 {
			alarms++
		}
		cells, untrusted, replaced := 0, 0, 0
		for _, records := range c.sides {
			for _, r := range records {
				if r.Attempt > 1 {
					replaced++
				}
			}
			for _, cell := range results.Summarize(records) {
				cells++
				if cell.Outcome == results.Untrusted {
					untrusted++
				}
			}
		}
		text.Row(os.Stdout, trial+1, load, cells, len(c.sides[0])+len(c.sides[1]), replaced, untrusted, c.status)
	}
	fmt.Printf("\n%d false alarms in %d\n", alarms, s.trials)
	return nil
}

// disturb keeps all CPUs busy for a second in every three, until stopped.
func disturb(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	began := time.Now()
	for range runtime.NumCPU() {
		go func() {
			for ctx.Err() == nil {
				if time.Since(began)%(3*time.Second) > time.Second {
					time.Sleep(10 * time.Millisecond)
				}
			}
		}()
	}
	return cancel
}
