// Ipcbench measures latency and throughput of Linux IPC mechanisms.
//
// See `ipcbench --help`, the README and docs/usage.md.
package main

import (
	"ipcbench/command"
	_ "ipcbench/runner/first"
	_ "ipcbench/semantics/first"
)

func main() { command.Main() }
