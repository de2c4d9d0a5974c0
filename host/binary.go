package host

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"ipcbench/results"
)

// Dynamic returns the interpreter that a program needs to start, such as
// /lib64/ld-linux-x86-64.so.2, elf(5). "" is a static program: it runs where
// there is nothing else, as in a guest of `ipcbench kernels`. An error is a file
// that cannot be read, or no ELF file.
func Dynamic(program string) (interpreter string, err error) {
	f, err := os.Open(program)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if interpreter, err = interpreterOf(f); err != nil {
		return "", fmt.Errorf("%s: %w", program, err)
	}
	return interpreter, nil
}

// longestPath is PATH_MAX: a longer name of an interpreter cannot be opened.
const longestPath = 4096

func interpreterOf(program io.ReaderAt) (string, error) {
	f, err := elf.NewFile(program)
	if err != nil {
		return "", err
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			name, err := io.ReadAll(io.LimitReader(p.Open(), longestPath))
			if err != nil {
				return "", err
			}
			if name, _, _ := strings.Cut(string(name), "\x00"); name != "" {
				return oneLine(name), nil
			}
			return "", errors.New("the interpreter of the program has no name")
		}
	}
	return "", nil
}

func lookBinary(t tree, _ results.Host) (string, bool) {
	f, err := t.open("/proc/self/exe")
	if err != nil {
		return "", false
	}
	defer f.Close()
	switch interpreter, err := interpreterOf(f); {
	case err != nil:
		return "", false
	case interpreter != "":
		return "the program is linked dynamically: it needs " + interpreter, true
	}
	return "the program is static", false
}
