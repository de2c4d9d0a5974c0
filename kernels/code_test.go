package kernels

import (
	"encoding/hex"
	"testing"

	"ipcbench/kernels/profile"
)

// Every instruction that does not lead straight on is known, with the prefixes that
// kernels pad it with.
func TestDecode86(t *testing.T) {
	for code, want := range map[string]instruction{
		"e810000000":         {next: 0x1005, flow: call, target: 0x1015},
		"2ee810000000":       {next: 0x1006, flow: call, target: 0x1016}, // padded
		"ffd0":               {next: 0x1002, flow: call},
		"41ffd3":             {next: 0x1003, flow: call},
		"ff1500100000":       {next: 0x1006, flow: call},
		"ff54c810":           {next: 0x1004, flow: call},
		"c3":                 {next: 0x1001, flow: ret},
		"f3c3":               {next: 0x1002, flow: ret},
		"c20800":             {next: 0x1003, flow: ret},
		"eb0e":               {next: 0x1002, flow: jump, target: 0x1010},
		"e9fbefffff":         {next: 0x1005, flow: jump, target: 0},
		"2ee900010000":       {next: 0x1006, flow: jump, target: 0x1106},
		"ffe0":               {next: 0x1002, flow: jump},
		"3effe0":             {next: 0x1003, flow: jump}, // notrack
		"41ffe3":             {next: 0x1003, flow: jump},
		"740e":               {next: 0x1002, flow: jump, target: 0x1010},
		"0f84f0ffffff":       {next: 0x1006, flow: jump, target: 0xff6},
		"2e0f84f0ffffff":     {next: 0x1007, flow: jump, target: 0xff7},
		"e30e":               {next: 0x1002, flow: jump, target: 0x1010},
		"0f05":               {next: 0x1002, flow: syscall64},
		"480f07":             {next: 0x1003, flow: leave},
		"48cf":               {next: 0x1002, flow: leave},
		"90":                 {next: 0x1001, flow: straight},
		"0f1f440000":         {next: 0x1005, flow: straight}, // where ftrace would call
		"48894424080f1f4000": {next: 0x1005, flow: straight},
		"f3a4":               {next: 0x1002, flow: straight},
		"65488b042580000000": {next: 0x1009, flow: straight},
		"0fae f0":            {flow: straight},
		"":                   {flow: straight},
	} {
		raw, _ := hex.DecodeString(code)
		in := instruction{at: 0x1000}
		in.decode(raw)
		if in.flow != want.flow || in.target != want.target || want.next != 0 && in.next != want.next {
			t.Errorf("%s: %+v, want %+v", code, in, want)
		}
	}
}

// An address that no symbol covers is "?", and code that the kernel lends a process
// has its name.
func TestFunctionAt(t *testing.T) {
	c := &code{
		kernel: symbols{{Function: profile.Function{Name: "pipe_write"}, start: 0xffffffff81000000, end: 0xffffffff81000010}},
		user:   symbols{{Function: profile.Function{Name: "main.main", User: true}, start: 0x401000, end: 0x401020}},
	}
	for pc, want := range map[uint64]profile.Function{
		0xffffffff81000000: {Name: "pipe_write"}, 0xffffffff8100000f: {Name: "pipe_write"}, 0xffffffff81000010: {Name: "?"}, 0xfffffffff0000000: {Name: "?"},
		0x401000: {Name: "main.main", User: true}, 0x400fff: {Name: "?", User: true}, 0x7ffff7ffd961: {Name: "[vdso]", User: true},
	} {
		if in := c.at(pc); in.in.Function != want || in.flow != unknown {
			t.Errorf("%#x is in %+v, want %+v", pc, in.in.Function, want)
		}
	}
}
