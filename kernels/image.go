package kernels

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"debug/pe"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"ipcbench/results"
)

// loadable is what a file with a kernel turned out to be.
type loadable struct {
	arch     *Arch
	unpacked *os.File // what QEMU loads; nil: the file itself
	payload  *payload // of a bzImage; nil: it is not known
}

// maxImage bounds what an image unpacks to, in bytes: Debian's of riscv64 take 40 MB.
const maxImage = 512 << 20

// errNoKernel is a file that is no kernel of any architecture.
var errNoKernel = errors.New("is no kernel for " + known() + ": give a bzImage, an Image, an Image.gz, a vmlinuz.efi or a vmlinux")

// readImage finds out by its beginning what a file of so many bytes is. QEMU loads a
// bzImage, an Image and a vmlinux for amd64. Of the others it gets the Image that is
// packed in them: releases of QEMU differ in what they unpack.
func readImage(f io.ReaderAt, size int64, packed bool) (loadable, error) {
	head := make([]byte, 0x250)
	if n, _ := f.ReadAt(head, 0); n < len(head) {
		return loadable{}, errNoKernel
	}
	le := binary.LittleEndian
	switch {
	case !packed && bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return unpack(io.NewSectionReader(f, 0, size))
	case !packed && bytes.HasPrefix(head, []byte("MZ\x00\x00zimg")): // drivers/firmware/efi/libstub/zboot-header.S
		at, n := int64(le.Uint32(head[8:])), int64(le.Uint32(head[12:]))
		if at+n > size {
			return loadable{}, cutShort(size, at+n)
		}
		if how, _, _ := strings.Cut(string(head[24:56]), "\x00"); how != "gzip" {
			return loadable{}, fmt.Errorf("is compressed with %s: give the Image that it was made of", results.Quote(how))
		}
		return unpack(io.NewSectionReader(f, at, n))
	case !packed && bytes.HasPrefix(head, []byte("\x7fELF")):
		return readVmlinux(f, size)
	}
	for _, a := range arches {
		if string(head[a.magicAt:a.magicAt+len(a.magic)]) != a.magic {
			continue
		}
		least := peSize(f)
		if a == amd64 {
			if is32bit(head) {
				return loadable{}, errors.New("is a 32-bit kernel, which runs no program for amd64: build it with CONFIG_64BIT")
			}
			least = bzImageSize(head)
		}
		if size < least {
			return loadable{}, cutShort(size, least)
		}
		in := loadable{arch: a}
		if a == amd64 && !packed {
			in.payload = payloadOf(f, head)
		}
		return in, nil
	}
	return loadable{}, errNoKernel
}

func cutShort(size, least int64) error {
	return fmt.Errorf("has %d bytes, its header states %d: the file is cut short: copy it anew", size, least)
}

// unpack reads an Image that is compressed by gzip, whose checksum shows damage.
func unpack(packed io.Reader) (loadable, error) {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return loadable{}, fmt.Errorf("does not unpack: %w: copy it anew", err)
	}
	z.Multistream(false) // what is appended to a payload is not of it
	return hold(func(w io.Writer) error {
		switch _, err := io.CopyN(w, z, maxImage); err {
		case io.EOF:
			return nil
		case nil:
			return fmt.Errorf("unpacks to more than %s", results.FormatBytes(maxImage))
		default:
			return fmt.Errorf("does not unpack: %w: copy it anew", err)
		}
	})
}

// hold keeps an image in memory that a file holds.
func hold(write func(io.Writer) error) (loadable, error) {
	f, err := unnamed("kernel")
	if err != nil {
		return loadable{}, err
	}
	if err = write(f); err == nil {
		var info os.FileInfo
		if info, err = f.Stat(); err == nil {
			var in loadable
			if in, err = readImage(f, info.Size(), true); err == nil {
				in.unpacked = f
				return in, nil
			}
		}
	}
	f.Close()
	return loadable{}, err
}

// readVmlinux reads an ELF file, elf(5). QEMU starts none for arm64 or riscv64 as a
// kernel: such a file holds an Image, as `objcopy -O binary` takes it out.
func readVmlinux(f io.ReaderAt, size int64) (loadable, error) {
	file, err := elf.NewFile(f)
	if err != nil {
		return loadable{}, fmt.Errorf("is no whole vmlinux: %w: copy it anew", err)
	}
	for _, a := range arches {
		if file.Machine != a.elf || file.Class != elf.ELFCLASS64 {
			continue
		}
		if a == amd64 {
			return loadable{arch: a}, nil
		}
		return hold(func(w io.Writer) error { return flatten(w.(io.WriterAt), file) })
	}
	return loadable{}, errNoKernel
}

// flatten writes what a file has loaded at its place from the lowest address on.
func flatten(w io.WriterAt, file *elf.File) error {
	base := ^uint64(0)
	for _, p := range file.Progs {
		if p.Type == elf.PT_LOAD && p.Filesz > 0 {
			base = min(base, p.Vaddr)
		}
	}
	for _, p := range file.Progs {
		if p.Type != elf.PT_LOAD || p.Filesz == 0 {
			continue
		}
		if p.Vaddr-base+p.Filesz > maxImage {
			return fmt.Errorf("loads at %#x and at %#x: the Image in it is too large", base, p.Vaddr)
		}
		if n, err := io.Copy(io.NewOffsetWriter(w, int64(p.Vaddr-base)), p.Open()); err != nil || uint64(n) != p.Filesz {
			return cutShort(int64(p.Off)+n, int64(p.Off+p.Filesz))
		}
	}
	return nil
}

// is32bit knows a bzImage that has no 64-bit entry, XLF_KERNEL_64 of xloadflags, from
// version 2.12 of the boot protocol on (Documentation/arch/x86/boot.rst).
func is32bit(head []byte) bool {
	return binary.LittleEndian.Uint16(head[0x206:]) >= 0x20c && head[0x236]&1 == 0
}

// bzImageSize is how many bytes a bzImage has at least: the sectors of its setup code,
// setup_sects, and syssize paragraphs of 16 bytes (Documentation/arch/x86/boot.rst).
func bzImageSize(head []byte) int64 {
	sectors := int64(head[0x1f1])
	if sectors == 0 {
		sectors = 4
	}
	return (sectors+1)*512 + 16*int64(binary.LittleEndian.Uint32(head[0x1f4:]))
}

// peSize is how many bytes an Image has at least that is an EFI program, too: its own
// header states only what it takes in memory. 0: it is none.
func peSize(f io.ReaderAt) (least int64) {
	file, err := pe.NewFile(f)
	if err != nil {
		return 0
	}
	for _, s := range file.Sections {
		least = max(least, int64(s.Offset)+int64(s.Size))
	}
	return least
}
