package mechanisms

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const meminfo = "/proc/meminfo"

// hugePages makes a file of huge pages of the default size, in whole pages, as
// memfd_create(2) and page hugetlbpage of the kernel's documents say. They are
// set aside by whoever runs the machine, and here only used.
func hugePages(size int) (fd, rounded int, err error) {
	page, pages, err := huge(size)
	if err != nil {
		return -1, 0, err
	}
	fd, err = unix.MemfdCreate("ipcbench-ring", unix.MFD_CLOEXEC|unix.MFD_HUGETLB)
	if errors.Is(err, unix.EINVAL) {
		return -1, 0, &UnsupportedError{Mechanism: "memory huge", What: "this kernel knows no MFD_HUGETLB, which needs Linux 4.14 and CONFIG_HUGETLBFS, memfd_create(2)"}
	}
	return fd, pages * page, os.NewSyscallError("memfd_create", err)
}

// huge returns the size of a huge page and how many of them hold size bytes,
// and refuses more than are free.
func huge(size int) (page, pages int, err error) {
	free, err := memorySize("HugePages_Free:")
	if err == nil {
		page, err = memorySize("Hugepagesize:")
	}
	if err != nil {
		return 0, 0, err
	}
	if pages = (size + page - 1) / page; pages <= free {
		return page, pages, nil
	}
	return 0, 0, &UnsupportedError{Mechanism: "memory huge", What: "huge pages", Value: pages,
		Limit: Limit{N: free, Source: "HugePages_Free in " + meminfo, Beyond: "vm.nr_hugepages sets them aside, memfd_create(2)", Errno: unix.ENOMEM}}
}

// memorySize reads a line of /proc/meminfo, in bytes or as a number.
func memorySize(name string) (int, error) {
	text, err := os.ReadFile(meminfo)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != name {
			continue
		}
		n, err := strconv.Atoi(f[1])
		if len(f) == 3 && f[2] == "kB" {
			n <<= 10
		}
		return n, err
	}
	return 0, &UnsupportedError{Mechanism: "memory huge", What: "this kernel has no huge pages: no " + name + " in " + meminfo + ", proc_meminfo(5)"}
}
