package kernels

import (
	"context"
	"errors"
	"time"

	"ipcbench/kernels/profile"
	"ipcbench/results"
)

// ProfileOptions are the settings of a profile. The zero value suits every cell.
type ProfileOptions struct {
	Ops    int           // operations of the profiled round; 0: some 300 round trips, or 1,500 messages
	Image  string        // the program that becomes the guest; "": this one
	Silent time.Duration // after how long without a word a guest is taken for hung; 0: BootTimeout
}

// Profile boots a kernel twice with one seed, in instruction-counted mode: once as
// Runner does, for the round's unprofiled count, and once to follow every instruction
// of that round. Program is the version, for records. A *BootError is the guest's
// failure; any other error is the host's.
func (q QEMU) Profile(ctx context.Context, kernel Kernel, cell results.Cell, seed int, program string, o ProfileOptions) (*profile.Profile, error) {
	return nil, errors.New("profiles of a kernel's instructions are not built yet")
}
