//go:build !amd64 || race

package sys

import "sync/atomic"

// StoreRelease stores to a word that processes share. Whoever loads it sees all
// that was read and written before; what comes after may be done earlier, so that
// nobody waits for other processors to give up the word.
func StoreRelease(word *atomic.Uint64, value uint64) { word.Store(value) }
