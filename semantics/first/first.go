// Package first makes a check, a peer or a keeper of a process that is one, before
// the packages initialise that only the command needs. See runner/first: those that
// draw pictures take longer than a check.
package first

import (
	"ipcbench/internal/sys"
	"ipcbench/semantics"
)

func init() {
	sys.Unblock()
	semantics.Init()
}
