// Package sharedmem has words in memory that processes share: a mutex, and a
// counter to wait for.
package sharedmem
