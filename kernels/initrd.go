package kernels

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// newInitrd is a file without a name that holds the guest's root file system:
// this program as /init, its job, and files that the job speaks of, in /.
func newInitrd(program string, j job, files ...string) (f *os.File, err error) {
	if err := static(program); err != nil {
		return nil, err
	}
	init, err := os.Open(program)
	if err != nil {
		return nil, err
	}
	defer init.Close()
	info, err := init.Stat()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	entries := []entry{
		{name: "init", mode: regular | 0o755, size: info.Size(), data: init},
		{name: jobFile[1:], mode: regular | 0o644, size: int64(len(text)), data: bytes.NewReader(text)},
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: filepath.Base(name), mode: regular | 0o755, size: int64(len(data)), data: bytes.NewReader(data)})
	}
	for _, m := range mounts {
		if m.at != "/dev/shm" { // is in another
			entries = append(entries, entry{name: m.at[1:], mode: directory | 0o755})
		}
	}
	if f, err = unnamed("initrd"); err != nil {
		return nil, err
	}
	if err := writeCPIO(f, entries); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// static reports whether a program runs where there is nothing else.
func static(program string) error {
	f, err := elf.Open(program)
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked dynamically and can't be a guest: build it with CGO_ENABLED=0, as make build does", program)
		}
	}
	return nil
}
