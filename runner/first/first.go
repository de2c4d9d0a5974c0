// Package first makes a session or a worker of a process that is one, before the
// packages initialise that only the command needs. Workers that are plain Go
// programs wait for main, which calls runner.Init.
//
// Of the packages that are ready, Go initialises the first by import path. Those
// that runner needs are ready here; those that draw pictures and serve the command
// line mostly are not. In another order the process would only start later: all
// that a session or a worker needs lies in runner and what it imports.
//
// What runner imports decides how early it is ready. runtime/debug would be late:
// packages kernels and semantics came before it, a tenth of a worker's start.
package first

import "ipcbench/runner"

func init() { runner.InitFirst() }
