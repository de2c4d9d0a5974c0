// The command ipcbench with a mechanism of its own, framedpipe, in a module of its own.
// Build it in this directory, static, so that `kernels` can pack it into a guest:
//
//	CGO_ENABLED=0 go build -o ipcbench .
//	./ipcbench run --mech pipe,framedpipe
package main

import "ipcbench/command"

// What is registered by now is in the command. Main comes first: a run executes this
// program again for each of its processes.
func main() { command.Main() }
