package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"ipcbench/results"
)

// maxFile bounds a file that is read, in bytes: a profile of a round trip has some
// 1,500 paths and half a megabyte.
const maxFile = 64 << 20

// maxHead bounds what a file has before its paths, in bytes: a kernel's command line has
// at most 2,048 (COMMAND_LINE_SIZE).
const maxHead = 16 << 10

// Write writes the profile as JSON.
func (p *Profile) Write(w io.Writer) error {
	text, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// Read reads what Write wrote. A later version may have added keys. An error says
// what is wrong with the file.
func Read(r io.Reader) (*Profile, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("it has more than %s", results.FormatBytes(maxFile))
	}
	p := &Profile{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("it is no profile: %w", err)
	}
	return p, p.check()
}

// ReadHead reads what a profile is of, and none of its paths: 1 KiB in place of half a
// megabyte.
func ReadHead(r io.Reader) (*Profile, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxHead))
	if err != nil {
		return nil, err
	}
	head, _, found := bytes.Cut(text, []byte(",\n\t\"paths\":"))
	p := &Profile{}
	if !found || json.Unmarshal(append(head, '}'), p) != nil {
		return nil, errors.New("it is no profile")
	}
	return p, nil
}

// check refuses what no round can have executed.
func (p *Profile) check() error {
	switch {
	case p.Kernel == "" || p.Cell == "":
		return errors.New("it is no profile: it names no kernel or no cell")
	case p.Ops < 1:
		return fmt.Errorf("ops %d: want at least 1", p.Ops)
	case len(p.Paths) == 0:
		return errors.New("it has no paths")
	case !(p.Counted >= 0) || math.IsInf(p.Counted, 0):
		return fmt.Errorf("counted_insns_op %v: want a number from 0", p.Counted)
	}
	sum := int64(0)
	for i, path := range p.Paths {
		if len(path.Calls) == 0 || path.Insns < 0 || path.Insns > math.MaxInt64-sum {
			return fmt.Errorf("path %d has no function, or %d instructions", i+1, path.Insns)
		}
		sum += path.Insns
	}
	if sum == 0 {
		return errors.New("its paths have no instructions")
	}
	return nil
}
