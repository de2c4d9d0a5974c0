package kernels

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// imageOf is the beginning of an Image for that architecture, and behind it what does not
// compress.
func imageOf(a *Arch) []byte {
	text := make([]byte, 8192)
	rand.NewChaCha8([32]byte{}).Read(text)
	clear(text[:0x238])
	copy(text[a.magicAt:], a.magic)
	if a == amd64 {
		clear(text[0x1f1:0x202]) // the size that its header states
	}
	return text
}

func packed(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zboot is a compressed EFI program as the kernel's Makefile.zboot makes it.
func zboot(how string, payload []byte) []byte {
	head := make([]byte, 0x400)
	copy(head, "MZ\x00\x00zimg")
	binary.LittleEndian.PutUint32(head[8:], uint32(len(head)))
	binary.LittleEndian.PutUint32(head[12:], uint32(len(payload)))
	copy(head[24:], how)
	return append(append(head, payload...), "the program's own data"...)
}

// vmlinux is an ELF file with the image in two segments, and none of what is between.
func vmlinux(a *Arch, text []byte) []byte {
	le := binary.LittleEndian
	file := make([]byte, 4096)
	copy(file, "\x7fELF\x02\x01\x01")
	le.PutUint16(file[16:], 2)
	le.PutUint16(file[18:], uint16(a.elf))
	le.PutUint32(file[20:], 1)
	le.PutUint64(file[32:], 64)
	le.PutUint16(file[52:], 64)
	le.PutUint16(file[54:], 56)
	le.PutUint16(file[56:], 2)
	le.PutUint16(file[58:], 64)
	const base, cut = uint64(0xffff800080000000), 4096
	for i, part := range [][]byte{text[cut:], text[:cut]} { // not by address
		head, addr := file[64+56*i:], base+uint64(cut*(1-i))
		le.PutUint32(head, 1)
		le.PutUint64(head[8:], uint64(len(file)))
		le.PutUint64(head[16:], addr)
		le.PutUint64(head[24:], addr)
		le.PutUint64(head[32:], uint64(len(part)))
		le.PutUint64(head[40:], uint64(len(part)))
		file = append(file, part...)
	}
	return file
}

// Every form of a kernel is known, with its architecture. What QEMU does not load itself
// is unpacked, byte for byte.
func TestImages(t *testing.T) {
	for _, a := range arches {
		plain := imageOf(a)
		forms := map[string][]byte{"plain": plain, "gzip": packed(t, plain), "zboot": zboot("gzip", packed(t, plain)), "vmlinux": vmlinux(a, plain)}
		for form, text := range forms {
			path := filepath.Join(t.TempDir(), form)
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
			k, err := ParseKernel(path)
			if err != nil || k.Arch != a {
				t.Errorf("%s, %s: %+v, %v", a.Name, form, k.Arch, err)
				continue
			}
			loads, err := os.ReadFile(k.file())
			want := plain
			if form == "vmlinux" && a == amd64 {
				want = text // QEMU loads it as it is
			}
			if err != nil || !bytes.Equal(loads, want) || (k.file() == path) != bytes.Equal(text, want) {
				t.Errorf("%s, %s: QEMU loads %d bytes of %s, want %d: %v", a.Name, form, len(loads), k.file(), len(want), err)
			}
		}
	}
}

// What is no kernel, or not whole, is refused with what to give instead.
func TestImagesRefused(t *testing.T) {
	plain := imageOf(arm64)
	zipped := packed(t, plain)
	damaged := bytes.Clone(zipped)
	damaged[len(damaged)-5]++ // of its checksum
	cut := zboot("gzip", zipped)
	elf := vmlinux(arm64, plain)
	stranger := bytes.Clone(elf)
	stranger[18] = 22 // s390
	for name, tt := range map[string]struct {
		text []byte
		want string
	}{
		"text":           {bytes.Repeat([]byte("text"), 1024), "is no kernel for amd64, arm64 or riscv64: give"},
		"short":          {[]byte("MZ"), "is no kernel for"},
		"zstd":           {zboot("zstd22", zipped), "is compressed with zstd22: give the Image"},
		"damaged":        {damaged, "does not unpack: gzip: invalid checksum: copy it anew"},
		"cut short":      {zipped[:len(zipped)/2], "does not unpack: unexpected EOF: copy it anew"},
		"zboot cut":      {cut[:len(cut)/2], "its header states"},
		"vmlinux cut":    {elf[:len(elf)-1], "its header states"},
		"s390":           {stranger, "is no kernel for"},
		"packed text":    {packed(t, bytes.Repeat([]byte("text"), 1024)), "is no kernel for"},
		"packed packing": {packed(t, zipped), "is no kernel for"},
	} {
		path := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(path, tt.text, 0o644); err != nil {
			t.Fatal(err)
		}
		if k, err := ParseKernel(path); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v, want %q", name, k.Arch, err, tt.want)
		}
	}
}

// Kernels of one architecture are compared with each other alone.
func TestByArch(t *testing.T) {
	a, b, c := Kernel{Label: "a", Arch: arm64}, Kernel{Label: "b", Arch: riscv64}, Kernel{Label: "c", Arch: arm64}
	got := ByArch([]Kernel{a, b, c})
	if len(got) != 2 || len(got[0]) != 2 || got[0][1].Label != "c" || got[1][0].Label != "b" {
		t.Errorf("%+v", got)
	}
	r := Runner{QEMU: QEMU{Arch: arm64}, Kernels: []Kernel{a, b}, Plan: Plan{Accel: ICount, Boots: 1}}
	if err := r.Execute(t.Context()); err == nil || !strings.Contains(err.Error(), "kernel b is for riscv64, and the others for arm64") {
		t.Error(err)
	}
}
