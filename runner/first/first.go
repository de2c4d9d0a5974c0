// Package first turns a process that is a session or a worker into one before
// packages initialise that only the command needs. Those that are plain Go
// programs wait for main, which calls runner.Init.
//
// Go initialises, of the packages that are ready, the first by import path:
// those that runner needs are ready here, what draws pictures and serves the
// command line mostly is not. Were the order another, the process would only
// start later: nothing of a session's or a worker's lies outside runner and
// what it imports.
package first

import "ipcbench/runner"

func init() { runner.InitFirst() }
