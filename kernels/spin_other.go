//go:build !amd64

package kernels

func spin(uint64) {}

// Supported reports whether this program can be a guest: QEMU runs it as it is.
const Supported = false
