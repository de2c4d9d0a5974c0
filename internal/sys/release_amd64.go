//go:build !race

package sys

import (
	"sync/atomic"
	"unsafe"
)

// StoreRelease stores to a word that processes share. A process that loads it sees
// all that was read and written before. What comes after may be done earlier, so
// that this process does not wait for other processors to give up the word.
//
// Every plain store of this processor keeps that order. Go's atomic ones keep
// more, by an XCHG that waits until this store and all before it are in the cache.
// What is not compiled into its caller is neither moved nor left out there.
//
//go:noinline
func StoreRelease(word *atomic.Uint64, value uint64) { *(*uint64)(unsafe.Pointer(word)) = value }
