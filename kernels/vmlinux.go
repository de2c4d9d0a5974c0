package kernels

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/pierrec/lz4/v4"

	"ipcbench/internal/compressed"
)

// A bzImage unpacks itself, and QEMU translates the loop that does so: 0.7 of 4.2 s of
// processor time that an empty boot of 6.12 takes (zstd). The host unpacks it once for all
// boots, in 0.3 s (lz4) to 0.7 s (zstd) while it is loaded.

// payload is the vmlinux in a bzImage for amd64. QEMU starts it by its PVH entry
// (Documentation/arch/x86/boot.rst of the kernel; hvm/start_info.h of Xen).
type payload struct {
	at, size int64 // in the file, without its last 4 bytes
	unpacked int64 // how many bytes it unpacks to, which those 4 state

	once  sync.Once   // at the first boot
	file  *os.File    // the vmlinux; nil: it is none that QEMU starts
	given atomic.Bool // up: QEMU loads the bzImage
}

// inUse reports whether boots are tried with the vmlinux.
func (p *payload) inUse() bool { return p != nil && !p.given.Load() }

// payloadOf finds the payload by the header of a bzImage; nil where it has none that is
// unpacked here: xz, lzma, bzip2 and lzo, which no Debian kernel from 5.10 on has.
func payloadOf(f io.ReaderAt, head []byte) *payload {
	le := binary.LittleEndian
	if le.Uint16(head[0x206:]) < 0x208 { // of the boot protocol: older ones do not state it
		return nil
	}
	sectors := int64(head[0x1f1])
	if sectors == 0 {
		sectors = 4
	}
	ends := make([]byte, 4)
	p := &payload{at: (sectors+1)*512 + int64(le.Uint32(head[0x248:])), size: int64(le.Uint32(head[0x24c:])) - int64(len(ends))}
	if p.size <= 0 {
		return nil
	}
	if _, err := f.ReadAt(ends, p.at); err != nil || packing(ends) == nil {
		return nil
	}
	if _, err := f.ReadAt(ends, p.at+p.size); err != nil {
		return nil
	}
	if p.unpacked = int64(le.Uint32(ends)); p.unpacked > maxImage {
		return nil
	}
	return p
}

// packing is what unpacks a text that begins so; nil: nothing here does.
func packing(begin []byte) func(io.Reader) (io.Reader, func(), error) {
	switch {
	case bytes.HasPrefix(begin, []byte("\x28\xb5\x2f\xfd")):
		return func(r io.Reader) (io.Reader, func(), error) {
			const window = 128 << 20 // of zstd -22 --ultra, scripts/Makefile.lib
			z, err := compressed.NewReader(r, window)
			if err != nil {
				return nil, nil, err
			}
			return z, z.Close, nil
		}
	case bytes.HasPrefix(begin, []byte("\x02\x21\x4c\x18")): // lz4 -l
		return func(r io.Reader) (io.Reader, func(), error) { return lz4.NewReader(r), func() {}, nil }
	case bytes.HasPrefix(begin, []byte("\x1f\x8b")):
		return func(r io.Reader) (io.Reader, func(), error) {
			z, err := gzip.NewReader(r)
			return z, func() {}, err
		}
	}
	return nil
}

// loads is the file that has the vmlinux; nil where QEMU is to load the bzImage.
func (p *payload) loads(path string) *os.File {
	if !p.inUse() {
		return nil
	}
	p.once.Do(func() {
		if f, err := p.unpack(path); err == nil { // else the kernel unpacks itself, and complains of what is wrong
			p.file = f
		}
	})
	return p.file
}

func (p *payload) unpack(path string) (*os.File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	begin := make([]byte, 4)
	if _, err := in.ReadAt(begin, p.at); err != nil {
		return nil, err
	}
	unpacking := packing(begin)
	if unpacking == nil {
		return nil, errors.New("the image changed")
	}
	// A gzip payload ends with its size: the 4 bytes are of it.
	size := p.size
	if begin[0] == 0x1f {
		size += 4
	}
	z, closeIt, err := unpacking(io.NewSectionReader(in, p.at, size))
	if err != nil {
		return nil, err
	}
	defer closeIt()
	out, err := unnamed("vmlinux")
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(out, io.LimitReader(z, p.unpacked+1))
	if err == nil && n != p.unpacked {
		err = fmt.Errorf("unpacks to %d bytes, not %d", n, p.unpacked)
	}
	if err == nil {
		err = startsByPVH(out)
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

// startsByPVH is nil for a vmlinux that QEMU can start: it states its entry in a note.
// A kernel without CONFIG_PVH has none.
func startsByPVH(f io.ReaderAt) error {
	file, err := elf.NewFile(f)
	if err != nil {
		return err
	}
	if file.Machine != amd64.elf || file.Class != elf.ELFCLASS64 {
		return errNoKernel
	}
	const physEntry = 18 // XEN_ELFNOTE_PHYS32_ENTRY, include/xen/interface/elfnote.h
	for _, p := range file.Progs {
		if p.Type != elf.PT_NOTE {
			continue
		}
		notes, err := io.ReadAll(p.Open())
		if err != nil {
			return err
		}
		for le := binary.LittleEndian; len(notes) >= 12; {
			name, desc, kind := uint64(le.Uint32(notes)), uint64(le.Uint32(notes[4:])), le.Uint32(notes[8:])
			next := 12 + (name+3)&^3 + (desc+3)&^3
			if next > uint64(len(notes)) {
				break
			}
			if kind == physEntry && string(notes[12:12+name]) == "Xen\x00" {
				return nil
			}
			notes = notes[next:]
		}
	}
	return errors.New("has no PVH entry")
}
