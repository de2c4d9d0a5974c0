package host

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program is an ELF file of no code; it names an interpreter unless that is "-".
func program(interpreter string) []byte {
	head, segment := elf.Header64{}, elf.Prog64{}
	headSize, segmentSize := binary.Size(head), binary.Size(segment)
	copy(head.Ident[:], "\x7fELF")
	head.Ident[elf.EI_CLASS], head.Ident[elf.EI_DATA], head.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	head.Type, head.Machine, head.Version = uint16(elf.ET_EXEC), uint16(elf.EM_X86_64), uint32(elf.EV_CURRENT)
	head.Ehsize, head.Phoff, head.Phentsize, head.Phnum = uint16(headSize), uint64(headSize), uint16(segmentSize), 1
	segment.Type = uint32(elf.PT_LOAD)
	if interpreter != "-" {
		segment.Type = uint32(elf.PT_INTERP)
		segment.Off, segment.Filesz = uint64(headSize+segmentSize), uint64(len(interpreter)+1)
	}
	var b bytes.Buffer
	for _, part := range []any{head, segment} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			panic(err) // the structs have fixed sizes
		}
	}
	b.WriteString(interpreter + "\x00")
	return b.Bytes()
}

// Dynamic distinguishes programs by the interpreter that they name.
func TestDynamic(t *testing.T) {
	for _, c := range []struct {
		name, want, err string
		file            []byte
	}{
		{"static", "", "", program("-")},
		{"dynamic", "/lib64/ld-linux-x86-64.so.2", "", program("/lib64/ld-linux-x86-64.so.2")},
		{"nameless", "", "has no name", program("")},
		{"script", "", "bad magic", []byte("#!/bin/sh\nexit 0\n")},
		{"empty", "", "EOF", nil},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Dynamic(path)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: %q, %v; want %q and an error with %q", c.name, got, err, c.want, c.err)
		}
	}
	if _, err := Dynamic(filepath.Join(t.TempDir(), "absent")); !os.IsNotExist(err) {
		t.Errorf("absent: %v", err)
	}
	if _, err := Dynamic("/proc/self/exe"); err != nil {
		t.Errorf("this program: %v", err)
	}
}
