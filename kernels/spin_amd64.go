package kernels

// spin runs n iterations, at least 1, of a loop of spinInsns instructions that
// touches no memory and makes no call: the control.
func spin(n uint64)

// Supported reports whether this program can be a guest: QEMU runs it as it is.
const Supported = true
