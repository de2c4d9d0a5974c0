package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// linked is a package that the program contains, as `go list` reports it.
type linked struct {
	ImportPath string
	Dir        string
	Standard   bool
	EmbedFiles []string
	Module     *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path, Version, Dir string }
	}
}

// notice is the licences of one work, by the names of their files.
type notice struct {
	work  string // "golang.org/x/sys v0.49.0"
	texts map[string][]byte
}

const goLibrary = "Go's library"

// licences are the texts that go with the program for an architecture: its own
// licence, and those of all modules that are linked into it and of the files of
// others that are embedded.
func licences(ctx context.Context, arch string) (tree, error) {
	out, err := tool(ctx, arch, "list", "-deps", "-json=ImportPath,Dir,Standard,EmbedFiles,Module", "./cmd/ipcbench").Output()
	if err != nil {
		return nil, fmt.Errorf("list what the program contains: %w", err)
	}
	root, err := tool(ctx, arch, "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	var all []linked
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p linked
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, p)
	}
	notices, err := notices(all, strings.TrimSpace(string(root)))
	if err != nil {
		return nil, err
	}
	own, err := os.ReadFile("LICENSE")
	if err != nil {
		return nil, err
	}
	var copyright, others bytes.Buffer
	fmt.Fprintf(&copyright, "%s\nThe program contains work of others. Their licences are in %s:\n", own, filepath.Base(thirdParty))
	for _, n := range notices {
		fmt.Fprintf(&copyright, "  %s\n", n.work)
	}
	// One text often covers several works, and is then written once.
	texts := map[string][]string{}
	var order []string
	for _, n := range notices {
		for _, name := range slices.Sorted(maps.Keys(n.texts)) {
			text := string(n.texts[name])
			if texts[text] == nil {
				order = append(order, text)
			}
			texts[text] = append(texts[text], n.work+", "+name)
		}
	}
	for _, text := range order {
		fmt.Fprintf(&others, "%s\n%s\n\n%s\n\n", strings.Repeat("=", 80), strings.Join(texts[text], "\n"), strings.TrimSpace(text))
	}
	return tree{{name: "share/doc/ipcbench/copyright", data: copyright.Bytes()}, {name: thirdParty, data: others.Bytes()}}, nil
}

const thirdParty = "share/doc/ipcbench/third-party.txt"

// notices are those of the modules and embedded files of the packages, in their
// order. A work without a licence is an error: it must not be given away.
func notices(all []linked, root string) (found []notice, err error) {
	at := map[string]int{}
	add := func(work string, texts map[string][]byte) {
		i, ok := at[work]
		if !ok {
			i, at[work] = len(found), len(found)
			found = append(found, notice{work, map[string][]byte{}})
		}
		maps.Copy(found[i].texts, texts)
	}
	for _, p := range all {
		switch m := p.Module; {
		case p.Standard:
			texts, err := licencesIn(root, root)
			if err != nil {
				return nil, err
			}
			add(goLibrary, texts)
		case m == nil:
			return nil, fmt.Errorf("%s is in no module: its licence is not known", p.Dir)
		case m.Main:
			for _, name := range p.EmbedFiles {
				if !strings.Contains(name, "thirdparty/") {
					continue
				}
				texts, err := embedded(filepath.Join(p.Dir, name))
				if err != nil {
					return nil, err
				}
				add("embedded files of "+path.Join(p.ImportPath, path.Dir(name)), texts)
			}
		default:
			work, dir := m.Path+" "+m.Version, m.Dir
			if r := m.Replace; r != nil {
				work, dir = strings.TrimSpace(r.Path+" "+r.Version), r.Dir
			}
			texts, err := licencesIn(dir, p.Dir)
			if err != nil {
				return nil, err
			}
			add(work, texts)
		}
	}
	for _, n := range found {
		if len(n.texts) == 0 {
			err = errors.Join(err, fmt.Errorf("%s has no file with a licence, and is linked into the program: ask its authors, or do without it", n.work))
		}
	}
	slices.SortFunc(found, func(a, b notice) int { return strings.Compare(a.work, b.work) })
	return found, err
}

var (
	licence  = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|notice)`)
	licensed = regexp.MustCompile(`(?i)(^|_)licen[cs]es$`) // a directory of texts
	source   = regexp.MustCompile(`\.(go|s|h|c)$`)
)

// licencesIn are the licences of a module that has a package in dir: those at
// its root, in directories there that hold licences, and on the way to dir.
func licencesIn(root, dir string) (map[string][]byte, error) {
	texts := map[string][]byte{}
	read := func(in string, wanted *regexp.Regexp) error {
		entries, err := os.ReadDir(in)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.IsDir() || wanted != nil && !wanted.MatchString(e.Name()) || source.MatchString(e.Name()) {
				continue
			}
			text := filepath.Join(in, e.Name())
			name, err := filepath.Rel(root, text)
			if err != nil {
				return err
			}
			if texts[name], err = os.ReadFile(text); err != nil {
				return err
			}
		}
		return nil
	}
	entries, err := os.ReadDir(root)
	for _, e := range entries {
		if e.IsDir() && licensed.MatchString(e.Name()) {
			err = errors.Join(err, read(filepath.Join(root, e.Name()), nil))
		}
	}
	for ; err == nil; dir = filepath.Dir(dir) {
		err = read(dir, licence)
		if len(dir) <= len(root) {
			break
		}
	}
	return texts, err
}

// embedded are the licences beside an embedded file of others, which are those of
// what is in it too. Its own is named for it, up to the first dot.
func embedded(file string) (map[string][]byte, error) {
	own, _, _ := strings.Cut(filepath.Base(file), ".")
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.LICENSE"))
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for _, path := range paths {
		if texts[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			return nil, err
		}
	}
	if texts[own+".LICENSE"] == nil {
		return nil, fmt.Errorf("%s is embedded without a licence: put it beside it, as %s.LICENSE", file, own)
	}
	return texts, nil
}
