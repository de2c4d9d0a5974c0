package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tree is the files that are installed: the one list of them.
type tree []file

type file struct {
	name       string // below the prefix: "bin/ipcbench"
	data       []byte
	executable bool
}

func (f file) mode() os.FileMode {
	if f.executable {
		return 0o755
	}
	return 0o644
}

// sorted is the tree by name: what made it may have had another order.
func (t tree) sorted() tree {
	return slices.SortedFunc(slices.Values(t), func(a, b file) int { return strings.Compare(a.name, b.name) })
}

// dirs are the directories of the files, each before those in it.
func (t tree) dirs() (all []string) {
	for _, f := range t {
		for dir := path.Dir(f.name); dir != "."; dir = path.Dir(dir) {
			all = append(all, dir)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// write writes the files whose names begin with prefix below dir, without it.
func write(t tree, prefix, dir string) error {
	for _, f := range t {
		name, ok := strings.CutPrefix(f.name, prefix)
		if !ok {
			continue
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, f.data, f.mode()); err != nil {
			return err
		}
	}
	return nil
}

// archive writes a tar.gz whose files lie in a directory of the name base: by
// name, with one time, of root, and nothing of the machine.
func archive(t tree, base string, at time.Time, to string) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(z)
	put := func(h tar.Header, data []byte) error {
		h.Format, h.ModTime, h.Size = tar.FormatUSTAR, at, int64(len(data))
		if err := w.WriteHeader(&h); err != nil {
			return err
		}
		_, err := w.Write(data)
		return err
	}
	for _, dir := range append([]string{""}, t.dirs()...) {
		if err := put(tar.Header{Typeflag: tar.TypeDir, Name: path.Join(base, dir) + "/", Mode: 0o755}, nil); err != nil {
			return err
		}
	}
	for _, f := range t.sorted() {
		if err := put(tar.Header{Typeflag: tar.TypeReg, Name: path.Join(base, f.name), Mode: int64(f.mode())}, f.data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, b.Bytes(), 0o644)
}

// compressed is data as `gzip -9n` writes it: without name and time.
func compressed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

// sums writes SHA256SUMS of files in dir, as sha256sum(1) reads it.
func sums(dir string, names []string) error {
	var b bytes.Buffer
	for _, name := range slices.Sorted(slices.Values(names)) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), name)
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), b.Bytes(), 0o644)
}
