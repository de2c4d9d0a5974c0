package sharedmem

import (
	"ipcbench/internal/sys"
)

// Free frees the addresses of an end that no goroutine can reach any more.
// Close gives back the memory, and leaves them: it may come while a goroutine is
// in the end.
func Free(memory []byte) { sys.Munmap(memory) }
