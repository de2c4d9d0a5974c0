package kernels

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// executable is what a profile needs of a program that runs in a guest.
type executable struct {
	pie       bool   // it is not known before it runs where it lies
	entry     uint64 // address of its first instruction, in the file
	functions symbols
	segments  []segment // of code
}

func openExecutable(path string) (*executable, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x := &executable{pie: f.Type == elf.ET_DYN, entry: f.Entry}
	if x.functions, err = userSymbols(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_X == 0 {
			continue
		}
		raw := make([]byte, p.Filesz)
		if _, err := p.ReadAt(raw, 0); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		x.segments = append(x.segments, segment{p.Vaddr, raw})
	}
	return x, nil
}

// code is the program's as it lies in memory: by so many bytes behind where its file
// has it.
func (x *executable) code(kernel *code, by uint64, vdso span) *code {
	c := &code{kernel: kernel.kernel, vdso: vdso}
	for _, f := range x.functions {
		moved := *f
		moved.start, moved.end = f.start+by, f.end+by
		c.user = append(c.user, &moved)
	}
	for _, s := range x.segments {
		c.segments = append(c.segments, segment{s.start + by, s.bytes})
	}
	for _, s := range kernel.segments {
		if s.start >= kernelHalf {
			c.segments = append(c.segments, s)
		}
	}
	return c
}

// Where a process of a guest has its stack, whose addresses are not random: STACK_TOP in
// arch/x86/include/asm/processor.h.
const (
	stackTop   = 1<<47 - page
	stackPages = 8 // searched for what the kernel has put there
	page       = 4 << 10
)

// Keys of the auxiliary vector, getauxval(3).
const (
	auxEnd    = 0  // AT_NULL
	auxHeader = 3  // AT_PHDR, which the next two follow (fs/binfmt_elf.c)
	auxSize   = 4  // AT_PHENT, 56 bytes of a 64-bit program
	auxEntry  = 9  // AT_ENTRY
	auxVDSO   = 33 // AT_SYSINFO_EHDR
	auxLast   = 63 // beyond, no key is one
	vdsoSize  = 4 * page
)

// locate finds out by how much a process's program lies behind where its file has it,
// and where the kernel's code for the process is. The auxiliary vector at the beginning
// of its stack has both.
func (x *executable) locate(load func(at, n uint64) ([]byte, error)) (by uint64, vdso span, err error) {
	var words []uint64
	for at := uint64(stackTop - page); at >= stackTop-stackPages*page; at -= page {
		text, err := load(at, page)
		if err != nil {
			break // the stack begins behind it
		}
		var more []uint64
		for ; len(text) > 0; text = text[8:] {
			more = append(more, binary.LittleEndian.Uint64(text))
		}
		words = append(more, words...)
		values := auxiliary(words)
		entry, ehdr := values[auxEntry], values[auxVDSO]
		if by = entry - x.entry; entry > 0 && by%page == 0 {
			return by, span{ehdr, ehdr + cmp.Or(min(ehdr, vdsoSize), 0)}, nil
		}
	}
	return 0, vdso, errors.New("the stack of the program's process has no auxiliary vector: it is not known where its code lies")
}

// auxiliary is the auxiliary vector among the words of a stack.
func auxiliary(words []uint64) map[uint64]uint64 {
	for i := 0; i+3 < len(words); i++ {
		if words[i] != auxHeader || words[i+2] != auxSize || words[i+3] != 56 {
			continue
		}
		values := map[uint64]uint64{}
		for k := i; k >= 0 && words[k] > auxEnd && words[k] <= auxLast; k -= 2 {
			values[words[k]] = words[k+1]
		}
		for k := i; k+1 < len(words) && words[k] > auxEnd && words[k] <= auxLast; k += 2 {
			values[words[k]] = words[k+1]
		}
		return values
	}
	return nil
}
