package export

import "encoding/binary"

// thrift builds what Parquet has beside its values, in Thrift's compact protocol:
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
type thrift struct {
	b    []byte
	last int // the field written last, in the structure that is open
}

// Types of fields and of elements.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI32    = 5
	thriftI64    = 6
	thriftText   = 8
	thriftList   = 9
	thriftStruct = 12
)

func (t *thrift) field(id int, kind byte) {
	if d := id - t.last; d < 1 || d > 15 {
		panic("export: fields of a structure are written in order, at most 15 apart")
	} else {
		t.b = append(t.b, byte(d)<<4|kind)
	}
	t.last = id
}

func (t *thrift) i32(id, v int) {
	t.field(id, thriftI32)
	t.b = binary.AppendVarint(t.b, int64(v))
}

func (t *thrift) i64(id int, v int64) {
	t.field(id, thriftI64)
	t.b = binary.AppendVarint(t.b, v)
}

func (t *thrift) i8(id int, v byte) { t.field(id, thriftByte); t.b = append(t.b, v) }

func (t *thrift) bool(id int, v bool) {
	t.field(id, map[bool]byte{true: thriftTrue, false: thriftFalse}[v])
}

func (t *thrift) text(id int, s string) { t.field(id, thriftText); t.string(s) }

func (t *thrift) string(s string) { t.b = append(binary.AppendUvarint(t.b, uint64(len(s))), s...) }

// structure writes a field that is a structure.
func (t *thrift) structure(id int, fields func()) { t.field(id, thriftStruct); t.fields(fields) }

// fields writes a structure: an element of a list, or the whole.
func (t *thrift) fields(fields func()) {
	outer := t.last
	t.last = 0
	fields()
	t.b, t.last = append(t.b, 0), outer
}

// list writes a field that is a list of n elements, each written by each.
func (t *thrift) list(id int, kind byte, n int, each func(i int)) {
	t.field(id, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n)<<4|kind)
	} else {
		t.b = binary.AppendUvarint(append(t.b, 15<<4|kind), uint64(n))
	}
	for i := range n {
		each(i)
	}
}
