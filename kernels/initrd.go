package kernels

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// writeInitrd writes the guest's root file system into a file of that name:
// this program as /init, its job, and files that the job speaks of, in /.
func writeInitrd(path, program string, j job, files ...string) (err error) {
	if err := static(program); err != nil {
		return err
	}
	init, err := os.Open(program)
	if err != nil {
		return err
	}
	defer init.Close()
	info, err := init.Stat()
	if err != nil {
		return err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	entries := []entry{
		{name: "init", mode: regular | 0o755, size: info.Size(), data: init},
		{name: jobFile[1:], mode: regular | 0o644, size: int64(len(text)), data: bytes.NewReader(text)},
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		entries = append(entries, entry{name: filepath.Base(name), mode: regular | 0o755, size: int64(len(data)), data: bytes.NewReader(data)})
	}
	for _, m := range mounts {
		if m.at != "/dev/shm" { // is in another
			entries = append(entries, entry{name: m.at[1:], mode: directory | 0o755})
		}
	}
	return writeCPIO(f, entries)
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
