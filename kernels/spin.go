//go:build amd64 || arm64 || riscv64 || 386

package kernels

// spin runs n iterations, at least 1, of a loop of spinInsns instructions that
// touches no memory and makes no call: the control.
func spin(n uint64)
