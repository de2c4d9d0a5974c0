package mechanisms

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// Sysctl reads a number from a file below /proc/sys. One that does not fit an
// int, which some limits use for "none", is returned as math.MaxInt.
func Sysctl(path string) (int, error) {
	all, err := sysctls(path)
	if err != nil {
		return 0, err
	}
	if len(all) != 1 {
		return 0, fmt.Errorf("%s: %d numbers, want 1", path, len(all))
	}
	return all[0], nil
}

// sysctls is sysctl for a file of several numbers.
func sysctls(path string) (all []int, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for _, field := range strings.Fields(string(text)) {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, int(min(n, math.MaxInt)))
	}
	return all, nil
}
