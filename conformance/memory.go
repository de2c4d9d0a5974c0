package conformance

import (
	"errors"
	"fmt"
	"slices"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// scarce are the kinds of memory that a machine need not have, and may turn out
// not to have when it is asked: a directory on a disk, pages set aside.
var scarce = []string{"file", "huge"}

// inMemories makes a link in every kind of memory that the mechanism declares.
func inMemories(b *bed) error {
	before, err := count(b.dir)
	if err != nil {
		return err
	}
	known := results.LookupAxis("memory").Names()
	for _, kind := range b.m.Memories {
		if !slices.Contains(known, kind) {
			return fmt.Errorf("memory %s is none that can be asked for: %v", kind, known)
		}
		for _, size := range []int{64, 65537} {
			s := b.spec(size)
			s.Memory = kind
			l, err := b.line(s)
			if refused := (*mechanisms.UnsupportedError)(nil); errors.As(err, &refused) {
				announced := b.m.Admit(s)
				if announced != nil && announced.Error() != refused.Error() {
					return fmt.Errorf("memory %s is refused with %q, and was announced with %q", kind, refused, announced)
				}
				if announced == nil && !slices.Contains(scarce, kind) {
					return fmt.Errorf("memory %s is refused, and every machine has it: %w", kind, refused)
				}
				continue
			}
			if err != nil {
				return fmt.Errorf("memory %s: %w", kind, err)
			}
			if err := l.finish(ordered / 10); err != nil {
				return fmt.Errorf("memory %s, %d B: %w", kind, s.Size, err)
			}
			if err := l.close(); err != nil {
				return err
			}
			if err := before.restored(b.dir); err != nil {
				return fmt.Errorf("memory %s: %w", kind, err)
			}
		}
	}
	return nil
}
