package kernels

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"debug/elf"
	"debug/gosym"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/kernels/profile"
)

// function is code between two symbols.
type function struct {
	profile.Function
	start, end uint64
	root       root // what an entry from elsewhere into it is
}

// root is how a processor gets to code that no code calls.
type root int

const (
	called    root = iota // by a call, after all
	exception             // what the task did itself, such as a page fault
	interrupt             // what comes from outside of the task
)

// symbols finds functions by address.
type symbols []*function // by start; they don't overlap

func (s symbols) at(pc uint64) *function {
	i, exact := slices.BinarySearchFunc(s, pc, func(f *function, pc uint64) int { return cmp.Compare(f.start, pc) })
	if !exact {
		i--
	}
	if i < 0 || pc >= s[i].end {
		return nil
	}
	return s[i]
}

// named is the function of that name; nil: there is none.
func (s symbols) named(name string) *function {
	for _, f := range s {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// kernelHalf is where a kernel's addresses begin (Documentation/arch/x86/x86_64/mm.rst).
const kernelHalf = 1 << 63

// kernelSymbols reads what packSymbols has packed: functions, and the addresses of
// landmarks.
func kernelSymbols(packed []byte) (code symbols, at map[string]uint64, err error) {
	kallsyms, err := unpackSymbols(packed)
	if err != nil {
		return nil, nil, fmt.Errorf("the kernel's symbols: %w", err)
	}
	at = map[string]uint64{}
	rank := map[*function]int{}
	for line := range bytes.Lines(kallsyms) {
		f := bytes.Fields(line) // a fourth is the module's name
		if len(f) < 3 {
			return nil, nil, fmt.Errorf("the kernel's symbols: %.60q is not one", line)
		}
		addr, err := strconv.ParseUint(string(f[0]), 16, 64)
		if err != nil {
			return nil, nil, fmt.Errorf("the kernel's symbols: %w", err)
		}
		kind, name := string(f[1]), string(f[2])
		if slices.Contains(landmarks, name) {
			at[name] = addr
		}
		if !strings.Contains("tTwW", kind) || addr < kernelHalf || strings.HasPrefix(name, "__pfx_") || strings.HasPrefix(name, "__cfi_") {
			continue // padding before a function has a symbol, too
		}
		fn := &function{Function: profile.Function{Name: name}, start: addr, root: rootOf(name)}
		rank[fn] = 10*strings.Index("TtWw", kind) + len(name) - len(strings.TrimLeft(name, "_"))
		code = append(code, fn)
	}
	if len(code) == 0 {
		return nil, nil, errors.New("the kernel has no symbols: CONFIG_KALLSYMS is off")
	}
	// Of several names for one address the global one is known best.
	slices.SortStableFunc(code, func(a, b *function) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(rank[a], rank[b]))
	})
	code = slices.CompactFunc(code, func(a, b *function) bool { return a.start == b.start })
	for i, f := range code {
		f.end = f.start + 1<<20
		if i+1 < len(code) {
			f.end = min(f.end, code[i+1].start)
		}
		// What a compiler has moved out of a function still is that function.
		f.Name, _, _ = strings.Cut(f.Name, ".cold")
	}
	return code, at, nil
}

// rootOf knows by its name how a processor comes to a kernel's code: see
// arch/x86/include/asm/idtentry.h, and before 5.8 arch/x86/entry/entry_64.S.
func rootOf(name string) root {
	switch {
	case name == "asm_exc_nmi", strings.HasPrefix(name, "asm_sysvec_"), strings.HasPrefix(name, "asm_common_interrupt"), strings.HasPrefix(name, "asm_spurious_"),
		name == "irq_entries_start", name == "spurious_entries_start", name == "apic_timer_interrupt", name == "reschedule_interrupt":
		return interrupt
	case strings.HasPrefix(name, "asm_exc_"), name == "asm_int80_emulation", name == "page_fault", name == "general_protection":
		return exception
	}
	return called
}

// userSymbols reads the functions of a program: those of Go from the table that its
// runtime needs, since releases are stripped of every other, and the rest from the
// symbol table. The addresses are those of the file.
func userSymbols(f *elf.File) (code symbols, err error) {
	if f.Machine != elf.EM_X86_64 {
		return nil, fmt.Errorf("the program is one for %v: a profile needs an x86-64 guest", f.Machine)
	}
	rank := map[*function]int{}
	add := func(name string, start, end uint64, of int) {
		name, _, _ = strings.Cut(name, ".cold")
		fn := &function{Function: profile.Function{Name: name, User: true}, start: start, end: end}
		rank[fn] = of
		code = append(code, fn)
	}
	if lines, text := f.Section(".gopclntab"), f.Section(".text"); lines != nil && text != nil {
		raw, err := lines.Data()
		if err != nil {
			return nil, err
		}
		table, err := gosym.NewTable(nil, gosym.NewLineTable(raw, text.Addr))
		if err != nil {
			return nil, err
		}
		for _, fn := range table.Funcs {
			add(fn.Name, fn.Entry, fn.End, -1)
		}
	}
	all, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	for _, y := range all {
		if elf.ST_TYPE(y.Info) == elf.STT_FUNC && y.Section != elf.SHN_UNDEF {
			// Of write, __write and __libc_write the first is known best.
			add(y.Name, y.Value, y.Value+y.Size, 100*(len(y.Name)-len(strings.TrimLeft(y.Name, "_")))+min(len(y.Name), 99))
		}
	}
	slices.SortStableFunc(code, func(a, b *function) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(rank[a], rank[b]), strings.Compare(a.Name, b.Name))
	})
	code = slices.CompactFunc(code, func(a, b *function) bool { return a.start == b.start })
	for i, fn := range code[:max(0, len(code)-1)] {
		if next := code[i+1].start; fn.end > next || fn.end == fn.start { // assembly has no size
			fn.end = next
		}
	}
	return code, nil
}

// packSymbols compresses what /proc/kallsyms has of code and landmarks.
func packSymbols(kallsyms io.Reader) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	lines := bufio.NewScanner(kallsyms)
	for lines.Scan() {
		f := bytes.Fields(lines.Bytes())
		if len(f) < 3 || !strings.Contains("tTwW", string(f[1])) && !slices.Contains(landmarks, string(f[2])) {
			continue
		}
		if _, err := fmt.Fprintf(z, "%s %s %s\n", f[0], f[1], f[2]); err != nil {
			return nil, err
		}
	}
	err := cmp.Or(lines.Err(), z.Close())
	return out.Bytes(), err
}

// maxSymbols bounds what compressed symbols unpack to, in bytes: those of a kernel
// with everything built in take 12 MB.
const maxSymbols = 64 << 20

func unpackSymbols(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxSymbols))
}

// symbolsFile is where the symbols of a kernel's image are kept; "": nowhere.
func symbolsFile(k *Kernel) string {
	cache, err := os.UserCacheDir()
	if err != nil || k.Image == "" {
		return ""
	}
	return filepath.Join(cache, "ipcbench", "symbols", k.Image+".gz")
}

// keepSymbols keeps a kernel's compressed symbols for the user alone. The file gets
// its name once it is whole. One that can't be kept is asked for again.
func keepSymbols(file string, packed []byte) {
	dir := filepath.Dir(file)
	if file == "" || os.MkdirAll(dir, 0o700) != nil {
		return
	}
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return
	}
	f := os.NewFile(uintptr(fd), file)
	defer f.Close()
	if _, err := f.Write(packed); err == nil {
		os.Remove(file) // it was damaged
		unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, file, unix.AT_SYMLINK_FOLLOW)
	}
}

// landmarks are the data of a kernel whose addresses a profile needs.
var landmarks = []string{"_stext", "_etext", "init_task"}

// sendSymbols sends those of the guest's kernel.
func sendSymbols(send func(message) error) error {
	// 0 shows addresses to root, as 1 does (kernel.kptr_restrict in proc_sys_kernel(5)).
	os.WriteFile("/proc/sys/kernel/kptr_restrict", []byte("0\n"), 0)
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return fmt.Errorf("%w: CONFIG_KALLSYMS is off", err)
	}
	defer f.Close()
	packed, err := packSymbols(f)
	if err != nil {
		return err
	}
	return send(message{Symbols: packed})
}
