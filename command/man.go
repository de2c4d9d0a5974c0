//go:build man

package command

import "ipcbench/command/manpages"

func init() { writeMan = manpages.Write }
