package profile

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
)

// WritePprof writes the profile in the format of pprof, compressed. A sample counts
// the instructions of a thousand operations, so that profiles of rounds of different
// lengths can be subtracted with -diff_base. Its label "task" is what ran: -tagroot
// task shows each alone. Equal profiles give equal bytes.
//
// The format is profile.proto of github.com/google/pprof, which the tests read it
// with. To write it that package is not linked: its regular expressions took a tenth
// of the start of every worker.
func (p *Profile) WritePprof(w io.Writer) error {
	const kernel, program = 1, 2
	texts := textTable{"": 0}
	var out, tables message
	out.message(pprofSampleType, (&message{}).number(1, texts.index("instructions")).number(2, texts.index("count")))
	locations := map[Function]uint64{}
	for _, path := range p.Paths {
		n := p.perScale(path.Insns)
		if n == 0 {
			continue
		}
		var calls message
		for i := len(path.Calls) - 1; i >= 0; i-- { // the leaf comes first
			call := path.Calls[i]
			id := locations[call]
			if id == 0 { // a location and a function of the same number
				id = uint64(len(locations) + 1)
				locations[call] = id
				in := uint64(kernel)
				if call.User {
					in = program
				}
				tables.message(pprofLocation, (&message{}).number(1, id).number(2, in).message(4, (&message{}).number(1, id)))
				name := texts.index(call.Name)
				tables.message(pprofFunction, (&message{}).number(1, id).number(2, name).number(3, name))
			}
			calls = binary.AppendUvarint(calls, id)
		}
		label := (&message{}).number(1, texts.index("task")).number(2, texts.index(path.Task))
		out.message(pprofSample, (&message{}).message(1, &calls).number(2, uint64(n)).message(3, label))
	}
	for i, file := range []string{"[kernel]", "ipcbench"} {
		tables.message(pprofMapping, (&message{}).number(1, uint64(i+kernel)).number(5, texts.index(file)).number(7, 1))
	}
	for _, comment := range []string{
		fmt.Sprintf("counts are instructions of %d operations of %s", scale, p.Cell),
		fmt.Sprintf("kernel %s %s, seed %d, QEMU %s", p.Kernel, p.Options, p.Seed, p.QEMU),
	} {
		tables.number(pprofComment, texts.index(comment))
	}
	out = append(out, tables...)
	for _, text := range texts.inOrder() {
		out.message(pprofText, (*message)(&text))
	}
	z := gzip.NewWriter(w)
	if _, err := z.Write(out); err != nil {
		return err
	}
	return z.Close()
}

// Fields of a profile in profile.proto. Those of its parts stand where they are
// written, by number.
const (
	pprofSampleType = 1
	pprofSample     = 2
	pprofMapping    = 3
	pprofLocation   = 4
	pprofFunction   = 5
	pprofText       = 6
	pprofComment    = 13
)

// message is a message of protocol buffers in the making.
type message []byte

// number adds a field that is a number.
func (m *message) number(field int, n uint64) *message {
	*m = binary.AppendUvarint(binary.AppendUvarint(*m, uint64(field)<<3), n)
	return m
}

// message adds a field that is a message, a text, or packed numbers.
func (m *message) message(field int, part *message) *message {
	*m = binary.AppendUvarint(binary.AppendUvarint(*m, uint64(field)<<3|2), uint64(len(*part)))
	*m = append(*m, *part...)
	return m
}

// textTable numbers the texts of a profile, which refers to them. The first is "".
type textTable map[string]uint64

func (t textTable) index(text string) uint64 {
	i, ok := t[text]
	if !ok {
		i = uint64(len(t))
		t[text] = i
	}
	return i
}

func (t textTable) inOrder() [][]byte {
	texts := make([][]byte, len(t))
	for text, i := range t {
		texts[i] = []byte(text)
	}
	return texts
}
