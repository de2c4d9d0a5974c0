// Package shm registers the mechanisms on shared memory, one file each. All but
// processvm are the ring of ring.go, in a memory of memory.go, with a way to wait
// of waiting.go or of the mechanism's own file. facts.go is what their readers
// must know of all.
package shm
