//go:build man

package main

import "ipcbench/cmd/ipcbench/manpages"

func init() { writeMan = manpages.Write }
