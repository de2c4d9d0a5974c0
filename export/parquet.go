package export

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"time"

	"ipcbench/results"
)

// parquetTable writes a table as Apache Parquet (https://parquet.apache.org/docs/file-format):
// flat, each column optional, texts by dictionary, pages compressed by gzip.
//
// A library would be github.com/parquet-go/parquet-go, which the tests read with. In the
// program it adds 11 MB to 30, with net/http and protobuf, and 79 packages to the 117 that
// initialise in each process of a run.
type parquetTable struct {
	w       io.Writer
	program string
	chunks  []*chunk
	limit   int   // rows of a group
	rows    int   // of the open group
	bytes   int   // of the open group
	at      int64 // bytes written
	groups  []group
	total   int64 // rows of closed groups
	zip     *gzip.Writer
}

// A group of rows is written, and leaves memory, once it has so many rows or bytes.
// Of each group some 10 KB remain for the end of the file.
const (
	groupRows  = 64 << 10
	groupBytes = 16 << 20
)

// group is what the end of the file says of a group of rows.
type group struct {
	rows   int64
	chunks []written
}

// written is where the values of a column are.
type written struct {
	dictionary, data   int64 // where the pages begin; dictionary 0: there is none
	plain, zipped      int64 // bytes
	dictionaryEncoding bool
}

// Numbers of the format: parquet.thrift in apache/parquet-format.
const (
	magic = "PAR1"

	typeBoolean, typeInt64, typeDouble, typeBytes   = 0, 2, 5, 6
	encodingPlain, encodingRuns, encodingDictionary = 0, 3, 8
	codecGzip                                       = 2
	optional                                        = 1
	pageData, pageDictionary                        = 0, 2
	convertedUTF8, convertedMillis, convertedUint64 = 0, 9, 14
	logicalString, logicalTime, logicalInteger      = 1, 8, 10
)

// physical is how each type is stored.
var physical = map[results.Type]int{
	results.TextType: typeBytes, results.IntType: typeInt64, results.UintType: typeInt64,
	results.FloatType: typeDouble, results.BoolType: typeBoolean, results.MomentType: typeInt64,
}

func newParquet(w io.Writer, program string) *parquetTable {
	p := &parquetTable{w: w, program: program, limit: groupRows}
	p.zip, _ = gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // a valid level
	for _, c := range results.TableColumns() {
		p.chunks = append(p.chunks, &chunk{column: c})
	}
	return p
}

func (p *parquetTable) Write(h *results.Header, r *results.Record) error {
	for _, c := range p.chunks {
		n, err := c.add(c.column.Of(h, r))
		if err != nil {
			return err
		}
		p.bytes += n
	}
	if p.rows++; p.rows < p.limit && p.bytes < groupBytes {
		return nil
	}
	return p.flush()
}

func (p *parquetTable) write(b []byte) error {
	n, err := p.w.Write(b)
	p.at += int64(n)
	return err
}

// flush writes the open group.
func (p *parquetTable) flush() error {
	if p.at == 0 {
		if err := p.write([]byte(magic)); err != nil {
			return err
		}
	}
	if p.rows == 0 {
		return nil
	}
	g := group{rows: int64(p.rows)}
	for _, c := range p.chunks {
		var at written
		encoding := encodingPlain
		if len(c.words) > 0 {
			at.dictionary, at.dictionaryEncoding, encoding = p.at, true, encodingDictionary
			err := p.page(&at, c.values, func(t *thrift) {
				t.structure(7, func() { t.i32(1, len(c.words)); t.i32(2, encodingPlain) })
			}, pageDictionary)
			if err != nil {
				return err
			}
		}
		at.data = p.at
		err := p.page(&at, c.data(), func(t *thrift) {
			t.structure(5, func() { t.i32(1, p.rows); t.i32(2, encoding); t.i32(3, encodingRuns); t.i32(4, encodingRuns) })
		}, pageData)
		if err != nil {
			return err
		}
		g.chunks = append(g.chunks, at)
		c.clear()
	}
	p.groups, p.total = append(p.groups, g), p.total+g.rows
	p.rows, p.bytes = 0, 0
	return nil
}

// page writes a page.
func (p *parquetTable) page(at *written, plain []byte, header func(*thrift), kind int) error {
	var zipped bytes.Buffer
	p.zip.Reset(&zipped)
	if _, err := p.zip.Write(plain); err != nil {
		return err
	}
	if err := p.zip.Close(); err != nil {
		return err
	}
	var t thrift
	t.fields(func() {
		t.i32(1, kind)
		t.i32(2, len(plain))
		t.i32(3, zipped.Len())
		header(&t)
	})
	at.plain += int64(len(t.b) + len(plain))
	at.zipped += int64(len(t.b) + zipped.Len())
	return errors.Join(p.write(t.b), p.write(zipped.Bytes()))
}

// Close writes the last group, and the end of the file, which has the schema.
func (p *parquetTable) Close() error {
	if err := p.flush(); err != nil {
		return err
	}
	var t thrift
	t.fields(func() {
		t.i32(1, 2) // version of the format
		t.list(2, thriftStruct, 1+len(p.chunks), func(i int) {
			t.fields(func() {
				if i == 0 {
					t.text(4, "launches")
					t.i32(5, len(p.chunks))
					return
				}
				schema(&t, &p.chunks[i-1].column)
			})
		})
		t.i64(3, p.total)
		t.list(4, thriftStruct, len(p.groups), func(i int) { t.fields(func() { p.describe(&t, &p.groups[i]) }) })
		t.text(6, "ipcbench "+p.program)
	})
	end := binary.LittleEndian.AppendUint32(t.b, uint32(len(t.b)))
	return p.write(append(end, magic...))
}

// schema describes a column.
func schema(t *thrift, c *results.TableColumn) {
	t.i32(1, physical[c.Type])
	t.i32(3, optional)
	t.text(4, c.Name)
	switch c.Type {
	case results.TextType:
		t.i32(6, convertedUTF8)
		t.structure(10, func() { t.structure(logicalString, func() {}) })
	case results.UintType:
		t.i32(6, convertedUint64)
		t.structure(10, func() { t.structure(logicalInteger, func() { t.i8(1, 64); t.bool(2, false) }) })
	case results.MomentType:
		t.i32(6, convertedMillis)
		t.structure(10, func() {
			t.structure(logicalTime, func() { t.bool(1, true); t.structure(2, func() { t.structure(1, func() {}) }) }) // UTC, milliseconds
		})
	}
}

// describe describes a group.
func (p *parquetTable) describe(t *thrift, g *group) {
	var plain int64
	t.list(1, thriftStruct, len(g.chunks), func(i int) {
		at, c := g.chunks[i], &p.chunks[i].column
		plain += at.plain
		begin := at.data
		if at.dictionaryEncoding {
			begin = at.dictionary
		}
		t.fields(func() {
			t.i64(2, begin)
			t.structure(3, func() {
				t.i32(1, physical[c.Type])
				encodings := []int{encodingPlain, encodingRuns}
				if at.dictionaryEncoding {
					encodings = append(encodings, encodingDictionary)
				}
				t.list(2, thriftI32, len(encodings), func(i int) { t.b = binary.AppendVarint(t.b, int64(encodings[i])) })
				t.list(3, thriftText, 1, func(int) { t.string(c.Name) })
				t.i32(4, codecGzip)
				t.i64(5, g.rows)
				t.i64(6, at.plain)
				t.i64(7, at.zipped)
				t.i64(9, at.data)
				if at.dictionaryEncoding {
					t.i64(11, at.dictionary)
				}
			})
		})
	})
	t.i64(2, plain)
	t.i64(3, g.rows)
}

// chunk is the values of a column in the open group.
type chunk struct {
	column results.TableColumn
	levels runs              // 1 where there is a value, 0 where there is none
	values []byte            // those that there are; of texts, the different ones
	n      int               // values, of booleans
	words  map[string]uint32 // of texts: the number of each
	text   runs              // of texts: their numbers
}

// add adds a value, and returns how many bytes it takes at most.
func (c *chunk) add(v any) (int, error) {
	if v == nil {
		c.levels.add(0)
		return 8, nil
	}
	c.levels.add(1)
	before := len(c.values)
	switch v := v.(type) {
	case int64:
		c.values = binary.LittleEndian.AppendUint64(c.values, uint64(v))
	case uint64:
		c.values = binary.LittleEndian.AppendUint64(c.values, v)
	case float64:
		c.values = binary.LittleEndian.AppendUint64(c.values, math.Float64bits(v))
	case time.Time:
		c.values = binary.LittleEndian.AppendUint64(c.values, uint64(v.UnixMilli()))
	case bool:
		if c.n%8 == 0 {
			c.values = append(c.values, 0)
		}
		if v {
			c.values[c.n/8] |= 1 << (c.n % 8)
		}
		c.n++
	case string:
		i, have := c.words[v]
		if !have {
			if c.words == nil {
				c.words = map[string]uint32{}
			}
			i = uint32(len(c.words))
			c.words[v] = i
			c.values = append(binary.LittleEndian.AppendUint32(c.values, uint32(len(v))), v...)
		}
		c.text.add(i)
	default:
		return 0, fmt.Errorf("column %s: a value of type %T", c.column.Name, v)
	}
	return 16 + 2*(len(c.values)-before), nil
}

// data is the page of values: which rows have one, and the values or their numbers.
func (c *chunk) data() []byte {
	levels := c.levels.encode(nil, 1)
	page := append(binary.LittleEndian.AppendUint32(nil, uint32(len(levels))), levels...)
	if len(c.words) == 0 {
		return append(page, c.values...)
	}
	width := max(1, bits.Len(uint(len(c.words)-1)))
	return c.text.encode(append(page, byte(width)), width)
}

func (c *chunk) clear() {
	*c = chunk{column: c.column, levels: c.levels[:0], values: c.values[:0], text: c.text[:0]}
}

// runs are numbers, of which equal ones follow each other.
type runs []struct{ value, n uint32 }

func (r *runs) add(v uint32) {
	if n := len(*r); n > 0 && (*r)[n-1].value == v {
		(*r)[n-1].n++
		return
	}
	*r = append(*r, struct{ value, n uint32 }{v, 1})
}

// encode appends them in the encoding RLE of Parquet, each of so many bits.
func (r runs) encode(to []byte, width int) []byte {
	for _, run := range r {
		to = binary.AppendUvarint(to, uint64(run.n)<<1)
		for i := 0; i < width; i += 8 {
			to = append(to, byte(run.value>>i))
		}
	}
	return to
}
