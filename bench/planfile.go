package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"ipcbench/internal/suggest"
	"ipcbench/results"
)

// PlanFile is a plan in a file.
type PlanFile struct {
	Path       string              // as messages name it
	Blocks     []Axes              // nil: none; see Preset
	Thresholds []results.Threshold // shares from 0.001 to MaxShare

	given              map[string][]string // by key, as its flag would be given
	blocks, thresholds *yaml.Node          // as the file has them
}

// Given are the values of a key, nil where the file leaves it out.
func (f *PlanFile) Given(key string) []string { return f.given[key] }

// maxPlan bounds a file: the longest preset takes 1 KB. A file of this length
// takes some 10 ms to read, whatever it has.
const maxPlan = 64 << 10

// ReadPlan reads a plan. An error names the file and, of what is in it, the line
// and the column.
func ReadPlan(path string) (*PlanFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPlan+1))
	if err != nil {
		return nil, err
	}
	return ParsePlan(path, text)
}

// ParsePlan is ReadPlan of a text. It is strict: a key that is not known, a key
// that comes twice, and a value that no flag would take are errors.
func ParsePlan(path string, text []byte) (*PlanFile, error) {
	r := planReader{path: results.Quote(path)}
	if len(text) > maxPlan {
		return nil, fmt.Errorf("%s: longer than %s: want a plan", r.path, results.FormatBytes(maxPlan))
	}
	var doc, more yaml.Node
	from := yaml.NewDecoder(bytes.NewReader(text))
	if err := from.Decode(&doc); err == io.EOF {
		return nil, fmt.Errorf("%s: nothing is in it: want keys such as mech: pipe", r.path)
	} else if err != nil {
		return nil, r.syntax(err)
	}
	if err := from.Decode(&more); err == nil {
		return nil, r.at(&more, "a second document: want one plan in a file")
	} else if err != io.EOF {
		return nil, r.syntax(err)
	}
	f := &PlanFile{Path: path, given: map[string][]string{}}
	return f, r.plan(f, doc.Content[0])
}

// planReader reads the nodes of a file into a plan.
type planReader struct{ path string }

// at is an error about what stands there.
func (r planReader) at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %s", r.path, n.Line, n.Column, fmt.Sprintf(format, args...))
}

// syntax is an error of the decoder, "yaml: line 2: …", which does not name the file.
func (r planReader) syntax(err error) error {
	text, where := strings.TrimPrefix(err.Error(), "yaml: "), r.path
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if line, what, ok := strings.Cut(rest, ": "); ok {
			where, text = where+":"+line, what
		}
	}
	return fmt.Errorf("%s: %s: want YAML", where, results.Quote(text))
}

func (r planReader) plan(f *PlanFile, n *yaml.Node) error {
	err := r.mapping(n, PlanKeys(), func(key PlanKey, v *yaml.Node) error {
		switch key.Name {
		case blocksKey:
			f.blocks = v
			return r.sequence(v, "blocks", func(block *yaml.Node) error {
				a, err := r.block(block)
				f.Blocks = append(f.Blocks, a)
				return err
			})
		case thresholdsKey:
			f.thresholds = v
			return r.sequence(v, "thresholds", func(one *yaml.Node) error {
				t, err := r.threshold(one)
				f.Thresholds = append(f.Thresholds, t)
				return err
			})
		}
		values, err := r.values(key, v)
		f.given[key.Name] = values
		return err
	})
	if err != nil {
		return err
	}
	for _, family := range f.given[familyKey] {
		f.given["mech"] = append(f.given["mech"], ofFamily(family)...)
	}
	delete(f.given, familyKey)
	if f.Blocks != nil && f.given["preset"] != nil {
		return r.at(n, "preset and blocks: leave out one")
	}
	return nil
}

func (r planReader) block(n *yaml.Node) (a Axes, err error) {
	err = r.mapping(n, blockKeys(), func(key PlanKey, v *yaml.Node) error {
		values, err := r.values(key, v)
		switch {
		case err != nil:
			return err
		case key.axis != nil:
			err = a.Set(key.axis, values)
		case key.Name == familyKey:
			for _, family := range values {
				a.Mechanisms = append(a.Mechanisms, ofFamily(family)...)
			}
		default:
			a.Floors = values
		}
		return err
	})
	if err != nil {
		return a, err
	}
	for _, one := range (Preset{Blocks: []Axes{a}}).Spans() {
		if err := one.Check(); err != nil {
			return a, r.at(n, "%v", err)
		}
	}
	return a, nil
}

func (r planReader) threshold(n *yaml.Node) (t results.Threshold, err error) {
	err = r.mapping(n, thresholdKeys, func(key PlanKey, v *yaml.Node) error {
		values, err := r.values(key, v)
		switch {
		case err != nil:
			return err
		case key.Name == "cells":
			t.Cells = values[0]
		default:
			t.Share, _ = percent(values[0])
		}
		return nil
	})
	if err == nil && (t.Cells == "" || t.Share == 0) {
		err = r.at(n, "want both cells and percent")
	}
	return t, err
}

// plain refuses what a plan has no use for, and what makes small files large.
func (r planReader) plain(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return r.at(n, "anchors and aliases are not taken: write the value out")
	case n.Style&yaml.TaggedStyle != 0:
		return r.at(n, "the tag %s is not taken: leave it out", results.Quote(n.Tag))
	}
	return nil
}

// mapping reads each key and its value.
func (r planReader) mapping(n *yaml.Node, keys []PlanKey, read func(PlanKey, *yaml.Node) error) error {
	names := NamesOf(keys, func(k PlanKey) string { return k.Name })
	if err := r.plain(n); err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return r.at(n, "want keys with values: %s", strings.Join(names, ", "))
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if err := errors.Join(r.plain(k), r.plain(v)); err != nil {
			return errors.New(strings.SplitN(err.Error(), "\n", 2)[0])
		}
		at := slices.Index(names, k.Value)
		switch line, again := seen[k.Value]; {
		case k.Kind != yaml.ScalarNode || at < 0:
			meant := ""
			if near := suggest.Near(k.Value, names); near != nil {
				meant = "did you mean " + strings.Join(near, " or ") + "? "
			}
			return r.at(k, "unknown key %q: %swant one of %s", results.Quote(k.Value), meant, strings.Join(names, ", "))
		case again:
			return r.at(k, "key %s stands on line %d already: join both", k.Value, line)
		}
		seen[k.Value] = k.Line
		if err := read(keys[at], v); err != nil {
			return err
		}
	}
	return nil
}

// sequence reads each item of a list.
func (r planReader) sequence(n *yaml.Node, what string, read func(*yaml.Node) error) error {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return r.at(n, "%s: want a list of them, each with a - in front", what)
	}
	for _, item := range n.Content {
		if err := read(item); err != nil {
			return err
		}
	}
	return nil
}

// values reads a value, or a list of them.
func (r planReader) values(key PlanKey, n *yaml.Node) (values []string, err error) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode && key.List {
		items = n.Content
	}
	for _, item := range items {
		switch err := r.plain(item); {
		case err != nil:
			return nil, err
		case item.Kind != yaml.ScalarNode && key.List:
			return nil, r.at(item, "%s: want a value, or a list of values", key.Name)
		case item.Kind != yaml.ScalarNode:
			return nil, r.at(item, "%s: want one value", key.Name)
		case item.Tag == "!!null":
			items = nil
		case key.read != nil:
			if err := key.read(item.Value); err != nil {
				return nil, r.at(item, "%s %q: %v", key.Name, results.Quote(item.Value), err)
			}
		}
		values = append(values, item.Value)
	}
	if len(items) == 0 {
		return nil, r.at(n, "%s has no value: leave the key out, or give it one", key.Name)
	}
	return values, nil
}
