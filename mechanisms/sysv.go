package mechanisms

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// addSet makes a set of semaphores with these values, which is then the link's.
func addSet(l *Link, values []uint16) (id int, err error) {
	if id, err = sys.Semget(unix.IPC_PRIVATE, len(values), 0o600); err != nil {
		return -1, err
	}
	var o Object
	if err = sys.SemSetAll(id, values); err == nil {
		o, err = sysvObject(KindSem, id)
	}
	if err != nil {
		return -1, errors.Join(err, sys.SemRemove(id))
	}
	l.Objects = append(l.Objects, o)
	return id, nil
}

// sysvNeeds is the Needs of a System V mechanism: touch makes a call that
// changes nothing, which a kernel with System V IPC refuses with EINVAL.
func sysvNeeds(mech string, touch func() error) func() error {
	return builtWith(mech, "CONFIG_SYSVIPC", "/proc/sysvipc", "sysvipc(7)", touch)
}

// builtWith is the Needs of a mechanism that a kernel may be built without:
// touch makes a call that changes nothing, and that such a kernel does not
// have, nor the file.
func builtWith(mech, config, file, man string, touch func() error) func() error {
	return func() error {
		err := touch()
		_, absent := os.Stat(file)
		switch {
		case errors.Is(err, unix.ENOSYS) && absent != nil:
			return &UnsupportedError{Mechanism: mech, What: "this kernel was built without " + config + ": no " + file + ", " + man}
		case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
			return &UnsupportedError{Mechanism: mech, What: "the call is filtered (" + err.Error() + "), seccomp(2)"}
		}
		return nil
	}
}
