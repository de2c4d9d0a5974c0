// Package sysv is what mechanisms on System V objects have in common.
package sysv

import (
	"errors"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// AddSet makes a set of semaphores with these values, which is then the link's.
func AddSet(l *mechanisms.Link, values []uint16) (id int, err error) {
	if id, err = sys.Semget(unix.IPC_PRIVATE, len(values), 0o600); err != nil {
		return -1, err
	}
	var o mechanisms.Object
	if err = sys.SemSetAll(id, values); err == nil {
		o, err = mechanisms.SysvObject(mechanisms.KindSem, id)
	}
	if err != nil {
		return -1, errors.Join(err, sys.SemRemove(id))
	}
	l.Objects = append(l.Objects, o)
	return id, nil
}

// Needs is the Needs of a System V mechanism: touch makes a call that
// changes nothing, which a kernel with System V IPC refuses with EINVAL.
func Needs(mech string, touch func() error) func() error {
	return mechanisms.BuiltWith(mech, "CONFIG_SYSVIPC", "/proc/sysvipc", "sysvipc(7)", touch)
}

// SetUses are those of a set of n semaphores.
func SetUses(n int) []mechanisms.Use {
	const sem = "/proc/sys/kernel/sem"
	const semmns, semmni = 1, 3 // its fields, proc_sys_kernel(5)
	limit := mechanisms.Limit{Beyond: "semget(2)", Errno: unix.ENOSPC}
	return []mechanisms.Use{
		{What: "System V semaphore sets", N: 1, Limit: mechanisms.SysctlLimit(sem, semmni, limit)},
		{What: "System V semaphores", N: n, Limit: mechanisms.SysctlLimit(sem, semmns, limit)},
	}
}
