package mechanisms

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// sysctl reads a number from a file below /proc/sys. One that does not fit an
// int, which some limits use for "none", is returned as math.MaxInt.
func sysctl(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return int(min(n, math.MaxInt)), nil
}
