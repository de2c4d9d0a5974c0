//go:build !amd64 || race

package sys

import "sync/atomic"

// StoreRelease stores to a word that processes share. A process that loads it sees
// all that was read and written before. What comes after may be done earlier, so
// that this process does not wait for other processors to give up the word.
func StoreRelease(word *atomic.Uint64, value uint64) { word.Store(value) }
