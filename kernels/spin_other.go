//go:build !amd64 && !arm64 && !riscv64 && !386

package kernels

// spin is of architectures that a guest's first program may have.
func spin(uint64) { panic("no guest has this architecture") }
