package sys

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// LastCache is how many bytes the largest cache of the first CPU holds,
// sysfs-devices-system-cpu; 32 MiB where the kernel does not show it.
func LastCache() (size int) {
	files, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*/size")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(string(text)), "K"))
		if err == nil && kib < 1<<20 {
			size = max(size, kib<<10)
		}
	}
	if size == 0 {
		return 32 << 20
	}
	return size
}
