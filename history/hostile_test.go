package history

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// packed is text as a file of a history, and the ID that its name has.
func packed(t testing.TB, text []byte) (content []byte, id string) {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return out.Bytes(), idOf(sum[:])
}

const (
	goodHeader = `{"history":1,"series":"nightly","build":"1.9","kind":"version","run":"r","plan":"p","class":"c","cells":%s}` + "\n"
	goodCell   = `{"cell":"PingPong/mech=pipe/size=64/queue=default/place=same","outcome":"ok","values":{"ns/op":[5000]}}` + "\n"
)

// bomb is a file that unpacks to so many bytes of one character, behind a header.
func bomb(t testing.TB, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	fmt.Fprintf(z, goodHeader, "1")
	if _, err := io.CopyN(z, endless('x'), size); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// A hostile or damaged file is named with what is wrong, and the builds beside it are
// read, in little memory.
func TestHostileFiles(t *testing.T) {
	dir := timedSeries(t, 5000, 5000)
	series := filepath.Join(dir, "nightly")
	lone, _ := packed(t, []byte(fmt.Sprintf(goodHeader, "1")+goodCell))
	text := func(header, cells string) []byte {
		content, _ := packed(t, []byte(header+cells))
		return content
	}
	of := func(cells string) string { return fmt.Sprintf(goodHeader, cells) }
	long := strings.Repeat("0123456789abcdef", 2<<16)
	bad := map[string]struct {
		content []byte
		want    string
	}{
		"empty":       {nil, "not compressed by gzip"},
		"plain":       {[]byte(of("1") + goodCell), "not compressed by gzip"},
		"torn":        {lone[:len(lone)-9], "unexpected EOF"},
		"flipped":     {append(bytes.Clone(lone[:len(lone)-8]), 1, 2, 3, 4, 5, 6, 7, 8), "checksum"},
		"renamed":     {text(of("1"), goodCell), "not that of its name"},
		"other form":  {text(`{"a":1}`+"\n", ""), "no header of a build"},
		"no JSON":     {text("<html>\n", ""), "no header of a build"},
		"schema":      {text(`{"history":2}`+"\n", ""), "its schema is 2: want 1"},
		"other":       {text(strings.Replace(of("1"), "nightly", "weekly", 1), goodCell), "it is of series weekly"},
		"path":        {text(strings.Replace(of("1"), "nightly", "../x", 1), goodCell), "series"},
		"long line":   {text(of("1"), `{"cell":"`+long), "unpacks to more than 200 times"},
		"endless":     {bomb(t, 64<<20), "longer than 1MiB"},
		"cells":       {text(of("1000000000"), goodCell), "1000000000 cells: want at most 100000"},
		"more cells":  {text(of("1"), goodCell+goodCell), "more than the 1 cell"},
		"fewer cells": {text(of("2"), goodCell), "1 of 2 cells are missing"},
		"two lines":   {text(of("2"), goodCell+goodCell), "has two lines"},
		"half line":   {text(of("1"), strings.TrimSpace(goodCell)), "the middle of a line"},
		"NaN":         {text(of("1"), strings.Replace(goodCell, "5000", "NaN", 1)), "cell 1: invalid character"},
		"infinite":    {text(of("1"), strings.Replace(goodCell, "5000", "1e999", 1)), "cell 1: "},
		"negative":    {text(of("1"), strings.Replace(goodCell, "5000", "-1", 1)), "want more than 0"},
		"launches":    {text(of("1"), strings.Replace(goodCell, "5000", "1"+strings.Repeat(",1", 20000), 1)), "20001 launches: want at most 10000"},
		"name":        {text(of("1"), strings.Replace(goodCell, "PingPong/", `\u001b[31m/`, 1)), `is not a cell`},
		"outcome":     {text(of("1"), strings.Replace(goodCell, `"ok"`, `"fine"`, 1)), "outcome fine"},
		"unit":        {text(of("1"), strings.Replace(goodCell, "ns/op", "insns/op", 1)), "unit insns/op"},
		"year":        {text(strings.Replace(of("1"), `"version"`, `"date","date":"0001-01-02T00:00:00Z"`, 1), goodCell), "year 1"},
		"commit":      {text(strings.Replace(of("1"), `"version"`, `"commit","date":"2026-01-02T00:00:00Z"`, 1), goodCell), "commit 1.9: want 40"},
	}
	files := map[string]string{} // by name of the file, what is wrong
	n := 0
	for name, b := range bad {
		n++
		file := fmt.Sprintf("%016x%s", n, Extension)
		files[file] = name
		rename(t, b.content, filepath.Join(series, file))
	}
	if err := syscall.Mkfifo(filepath.Join(series, "00000000000000f1"+Extension), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(series, "00000000000000f2"+Extension)); err != nil {
		t.Fatal(err)
	}
	rename(t, nil, filepath.Join(series, "README.md"))

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := Read(dir, "nightly", Query{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d MiB were allocated", grown>>20)
	}
	if len(s.Builds) != 2 || len(s.Lines) != 2 {
		t.Errorf("%d builds and %d cells, want those that are whole", len(s.Builds), len(s.Lines))
	}
	if len(s.LeftOut) != len(bad)+3 {
		t.Errorf("%d files are named, want %d", len(s.LeftOut), len(bad)+3)
	}
	for _, o := range s.LeftOut {
		if name, ok := files[filepath.Base(o.File)]; ok && !strings.Contains(o.Why, bad[name].want) {
			t.Errorf("%s: %s, want %q", name, o.Why, bad[name].want)
		}
		if strings.ContainsFunc(o.String(), func(r rune) bool { return r < ' ' }) {
			t.Errorf("%q is not harmless on a terminal", o)
		}
	}
}

// Whatever bytes a file has, a reader ends, and what it takes can be written and read
// again.
func FuzzReadBuild(f *testing.F) {
	good := []byte(fmt.Sprintf(goodHeader, "1") + goodCell)
	f.Add(good, true)
	f.Add(bytes.Replace(good, []byte("5000"), []byte("5000.5,null,1e17"), 1), true)
	f.Add([]byte(fmt.Sprintf(goodHeader, "0")), true)
	content, _ := packed(f, good)
	f.Add(content, false)
	f.Fuzz(func(t *testing.T, data []byte, pack bool) {
		content, id := data, "0123456789abcdef"
		if pack {
			content, id = packed(t, data)
		}
		b, err := ReadBuild(bytes.NewReader(content), int64(len(content)), id)
		if err != nil {
			return
		}
		again, err := b.Encode()
		if err != nil {
			t.Fatalf("what was taken cannot be written: %v", err)
		}
		if _, err := ReadBuild(bytes.NewReader(again), int64(len(again)), b.ID); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if pack && b.Cells > 0 && CheckSeries(b.Series) == nil {
			dir := t.TempDir()
			if _, err := Add(dir, b); err != nil {
				t.Fatal(err)
			}
			if s, err := Read(dir, b.Series, Query{}); err != nil || len(s.Builds) != 1 {
				t.Fatalf("%v: the build that was added is not there", err)
			}
		}
	})
}
