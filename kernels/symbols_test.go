package kernels

import (
	"debug/elf"
	"path/filepath"
	"strings"
	"testing"
)

const kallsyms = `ffffffff81000000 T _stext
ffffffff81000000 T startup_64
ffffffff81000100 t __pfx_pipe_write
ffffffff81000110 t pipe_write
ffffffff81000200 T __memcpy
ffffffff81000200 W memcpy
ffffffff81000300 t pipe_write.cold
ffffffff81000400 T asm_exc_page_fault
ffffffff81000500 T asm_sysvec_apic_timer_interrupt
ffffffff81000600 T _etext
ffffffff82000000 D init_task
ffffffff82000040 d pipe_data
0000000000000000 A fixed_percpu_data
ffffffffc0000000 t vsock_poll	[vsock]
`

// A kernel's symbols survive packing: code by its best known name, and what a profile
// must find.
func TestKernelSymbols(t *testing.T) {
	packed, err := packSymbols(strings.NewReader(kallsyms))
	if err != nil {
		t.Fatal(err)
	}
	code, at, err := kernelSymbols(packed)
	if err != nil {
		t.Fatal(err)
	}
	for pc, want := range map[uint64]string{0xffffffff81000110: "pipe_write", 0xffffffff810001ff: "pipe_write", 0xffffffff81000210: "__memcpy", 0xffffffff81000301: "pipe_write", 0xffffffffc0000004: "vsock_poll"} {
		if f := code.at(pc); f == nil || f.Name != want || f.User {
			t.Errorf("%#x is %+v, want %s", pc, f, want)
		}
	}
	for name, want := range map[string]root{"asm_exc_page_fault": exception, "asm_sysvec_apic_timer_interrupt": interrupt, "pipe_write": called} {
		if f := code.named(name); f == nil || f.root != want {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if code.at(0xffffffff80000000) != nil || code.at(0xffffffff82000050) != nil {
		t.Error("data is a function")
	}
	if at["_stext"] != 0xffffffff81000000 || at["_etext"] != 0xffffffff81000600 || at["init_task"] != 0xffffffff82000000 {
		t.Errorf("%#x", at)
	}
}

// Symbols that are kept are read again by the user alone, and damaged ones are not.
func TestKeepSymbols(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	file := symbolsFile(&Kernel{Image: "abc"})
	packed, err := packSymbols(strings.NewReader(kallsyms))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{packed[:20], packed} { // the second in place of the first
		keepSymbols(file, text)
	}
	p := &profiling{kernel: Kernel{Image: "abc"}}
	if code, _, err := p.kernelSymbols(t.Context()); err != nil || code.named("pipe_write") == nil {
		t.Errorf("%d functions, %v", len(code), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(left) != 1 {
		t.Errorf("%q", left)
	}
}

// A stripped program, as releases are, has the names of its functions.
func TestUserSymbols(t *testing.T) {
	f, err := elf.Open(program(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Section(".symtab") != nil {
		t.Error("the program is not stripped")
	}
	code, err := userSymbols(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ipcbench/bench.(*Ends).Play", "ipcbench/runner.(*worker).round", "ipcbench/bench.ping", "runtime.gogo"} {
		if fn := code.named(name); fn == nil || !fn.User || code.at(fn.start) != fn || code.at(fn.end-1) != fn {
			t.Errorf("%s: %+v", name, fn)
		}
	}
}
