package kernels

import (
	"bufio"
	"fmt"
	"io"
)

// entry is a file of an initial root file system.
type entry struct {
	name string
	mode uint32 // type and permissions, inode(7)
	size int64
	data io.Reader // size bytes; nil: none
}

// Types of files, inode(7).
const (
	directory = 0o040000
	regular   = 0o100000
)

// writeCPIO writes entries in the one format that every kernel unpacks:
// "newc", uncompressed (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst).
// All times and owners are 0: equal entries give equal bytes.
func writeCPIO(w io.Writer, entries []entry) error {
	b := bufio.NewWriterSize(w, 1<<20)
	for i, e := range append(entries, entry{name: "TRAILER!!!"}) {
		if e.size > 0xffffffff {
			return fmt.Errorf("cpio: %s has %d bytes: the format ends at 4 GiB", e.name, e.size)
		}
		// inode, mode, uid, gid, links, mtime, size, device and node numbers,
		// length of the name with its 0, no checksum.
		fmt.Fprintf(b, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
			i+1, e.mode, 0, 0, 1, 0, e.size, 0, 0, 0, 0, len(e.name)+1, 0)
		b.WriteString(e.name + "\x00")
		pad(b, headerSize+len(e.name)+1)
		if e.data == nil {
			continue
		}
		if n, err := io.CopyN(b, e.data, e.size); err != nil {
			return fmt.Errorf("cpio: %s: %d of %d bytes: %w", e.name, n, e.size, err)
		}
		pad(b, int(e.size))
	}
	return b.Flush()
}

const headerSize = 110

// pad fills up to a multiple of 4 bytes.
func pad(w *bufio.Writer, n int) {
	for ; n%4 != 0; n++ {
		w.WriteByte(0)
	}
}
