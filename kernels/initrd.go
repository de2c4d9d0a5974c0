package kernels

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"ipcbench/host"
	"ipcbench/results"
)

// newInitrd is a file without a name that holds the guest's root file system:
// this program as /init, its job, and files that the job speaks of, in /.
func newInitrd(program string, j job, files ...string) (f *os.File, err error) {
	if err := Static(program); err != nil {
		return nil, err
	}
	init, err := os.Open(program)
	if err != nil {
		return nil, err
	}
	defer init.Close()
	size, data, err := loaded(init)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	entries := []entry{
		{name: "init", mode: regular | 0o755, size: size, data: data},
		{name: jobFile[1:], mode: regular | 0o644, size: int64(len(text)), data: bytes.NewReader(text)},
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: filepath.Base(name), mode: regular | 0o755, size: int64(len(data)), data: bytes.NewReader(data)})
	}
	for _, m := range mounts {
		if m.at != "/dev/shm" { // is in another
			entries = append(entries, entry{name: m.at[1:], mode: directory | 0o755})
		}
	}
	if f, err = unnamed("initrd"); err != nil {
		return nil, err
	}
	if err := writeCPIO(f, entries); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// loaded is a program without what no process loads: symbols and debug information, a
// quarter of this one. A guest copies its root file system when it boots.
func loaded(program *os.File) (size int64, data io.Reader, err error) {
	info, err := program.Stat()
	if err != nil {
		return 0, nil, err
	}
	file, err := elf.NewFile(program)
	if err != nil || file.Class != elf.ELFCLASS64 || file.ByteOrder != binary.LittleEndian {
		return info.Size(), io.NewSectionReader(program, 0, info.Size()), nil
	}
	head := make([]byte, 64)
	if _, err := program.ReadAt(head, 0); err != nil {
		return 0, nil, err
	}
	for _, p := range file.Progs {
		size = max(size, int64(p.Off+p.Filesz))
	}
	if size < int64(len(head)) {
		return info.Size(), io.NewSectionReader(program, 0, info.Size()), nil
	}
	// Its header states no table of sections: e_shoff, e_shnum and e_shstrndx of elf(5).
	clear(head[40:48])
	clear(head[60:64])
	return size, io.MultiReader(bytes.NewReader(head), io.NewSectionReader(program, 64, size-64)), nil
}

// Static refuses a program that needs others to start: a guest has nothing else.
func Static(program string) error {
	interpreter, err := host.Dynamic(program)
	if err == nil && interpreter != "" {
		remedy := "build it statically: gcc -static, or CGO_ENABLED=0 go build"
		if program == Self {
			program, remedy = "this program", "build it with CGO_ENABLED=0, as make build does"
		}
		err = fmt.Errorf("%s is linked dynamically (it needs %s), and a guest has nothing else: %s", results.Quote(program), interpreter, remedy)
	}
	return err
}

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
