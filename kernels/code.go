package kernels

import (
	"cmp"

	"golang.org/x/arch/x86/x86asm"
)

// flow is where an instruction of x86-64 leads.
type flow int

const (
	unknown  flow = iota // its bytes are not known
	straight             // to the next one
	jump                 // anywhere, and does not come back
	call
	ret
	syscall64 // into the kernel
	leave     // back from the kernel, or from an interrupt in it: sysret, iret
)

// instruction is one of the code that a guest runs.
type instruction struct {
	at, next uint64 // its address, and that of the one behind it
	flow     flow
	target   uint64 // of a call or jump that has one; 0: it is computed
	in       *function
}

// span is a stretch of memory.
type span struct{ from, to uint64 }

func (s span) has(pc uint64) bool { return s.from <= pc && pc < s.to }

// segment is a stretch of code as it lies in memory.
type segment struct {
	start uint64
	bytes []byte
}

// code is all that a guest runs.
type code struct {
	kernel, user symbols
	segments     []segment
	vdso         span // of a process that runs it; zero: not known
	seen         map[uint64]*instruction
	odd          map[oddKey]*function // what no symbol covers
}

type oddKey struct {
	name string
	user bool
}

// longestInstruction is that of x86, in bytes.
const longestInstruction = 15

// at is the instruction at an address.
func (c *code) at(pc uint64) *instruction {
	if in := c.seen[pc]; in != nil {
		return in
	}
	in := &instruction{at: pc, in: c.function(pc)}
	for _, s := range c.segments {
		if pc >= s.start && pc-s.start < uint64(len(s.bytes)) {
			rest := s.bytes[pc-s.start:]
			in.decode(rest[:min(len(rest), longestInstruction)])
		}
	}
	if c.seen == nil {
		c.seen = map[uint64]*instruction{}
	}
	c.seen[pc] = in
	return in
}

// vdsoRange is where of a process whose program has a place of its own only the stack
// and the kernel's own code for it are, vdso(7); a stack is not executed.
var vdsoRange = span{0x7ff000000000, kernelHalf}

// vdsoName is what a profile calls that code.
const vdsoName = "[vdso]"

func (c *code) function(pc uint64) *function {
	table, key := c.kernel, oddKey{name: "?"}
	if pc < kernelHalf {
		table, key.user = c.user, true
		if cmp.Or(c.vdso, vdsoRange).has(pc) {
			key.name = vdsoName
		}
	}
	if f := table.at(pc); f != nil {
		return f
	}
	if c.odd[key] == nil {
		if c.odd == nil {
			c.odd = map[oddKey]*function{}
		}
		f := &function{}
		f.Name, f.User = key.name, key.user
		c.odd[key] = f
	}
	return c.odd[key]
}

// decode finds out where an instruction leads that begins with these bytes. What the
// decoder does not know leads straight on: it knows all that does not.
func (in *instruction) decode(bytes []byte) {
	in.flow = straight
	d, err := x86asm.Decode(bytes, 64)
	if err != nil {
		return
	}
	in.next = in.at + uint64(d.Len)
	switch d.Op {
	case x86asm.CALL:
		in.flow = call
	case x86asm.RET:
		in.flow = ret
	case x86asm.SYSCALL:
		in.flow = syscall64
	case x86asm.SYSRET, x86asm.IRET, x86asm.IRETD, x86asm.IRETQ:
		in.flow = leave
	case x86asm.JMP, x86asm.JA, x86asm.JAE, x86asm.JB, x86asm.JBE, x86asm.JE, x86asm.JNE, x86asm.JG, x86asm.JGE, x86asm.JL, x86asm.JLE,
		x86asm.JO, x86asm.JNO, x86asm.JP, x86asm.JNP, x86asm.JS, x86asm.JNS, x86asm.JCXZ, x86asm.JECXZ, x86asm.JRCXZ, x86asm.LOOP, x86asm.LOOPE, x86asm.LOOPNE:
		in.flow = jump
	}
	if rel, ok := d.Args[0].(x86asm.Rel); ok {
		in.target = in.next + uint64(int64(rel))
	}
}
