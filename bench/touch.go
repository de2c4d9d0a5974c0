package bench

import "encoding/binary"

// A receiver may look at no more of a message than its stamp, and shared memory
// then never moves the rest to its CPU. Touching is what a receiver does that
// wants the payload: it reads every byte, or writes every byte anew.

// touch is what a receiver does with a message, by the cell's option. It comes
// after the checks, so that none of them sees what is written.
func (e *Ends) touch() {
	body := e.buf[min(stampBytes, len(e.buf)):]
	switch {
	case e.cell.Touch == "read":
		e.sum += sum(body)
	case e.cell.Touch == "write" && e.content == Sealed:
		seal(e.buf) // writes all of it too, and what is passed on can be checked again
	case e.cell.Touch == "write":
		overwrite(body, e.sum)
		e.sum++
	}
}

// sum reads every byte of p. Four sums at once keep the memory busy, not the
// adder.
func sum(p []byte) uint64 {
	var a, b, c, d uint64
	for ; len(p) >= 32; p = p[32:] {
		a += binary.LittleEndian.Uint64(p)
		b += binary.LittleEndian.Uint64(p[8:])
		c += binary.LittleEndian.Uint64(p[16:])
		d += binary.LittleEndian.Uint64(p[24:])
	}
	for _, x := range p {
		a += uint64(x)
	}
	return a + b + c + d
}

// overwrite writes every byte of p.
func overwrite(p []byte, word uint64) {
	for ; len(p) >= 32; p = p[32:] {
		binary.LittleEndian.PutUint64(p, word)
		binary.LittleEndian.PutUint64(p[8:], word)
		binary.LittleEndian.PutUint64(p[16:], word)
		binary.LittleEndian.PutUint64(p[24:], word)
	}
	for i := range p {
		p[i] = byte(word)
	}
}
