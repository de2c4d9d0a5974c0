package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// SHM_DEST is set in the mode of a segment that goes with its last detach,
// shmctl(2).
const SHM_DEST = 0o1000

// ShmidDs is the state of a shared memory segment: struct shmid64_ds,
// shmctl(2).
type ShmidDs struct{ unix.SysvShmDesc }

// Shmget makes or finds a segment of size bytes, shmget(2).
func Shmget(key, size, flag int) (id int, err error) {
	id, err = unix.SysvShmGet(key, size, flag)
	return id, os.NewSyscallError("shmget", err)
}

// Shmat attaches the whole segment for reading and writing, shmop(2).
func Shmat(id int) ([]byte, error) {
	p, err := unix.SysvShmAttach(id, 0, 0)
	return p, os.NewSyscallError("shmat", err)
}

// Shmdt detaches what Shmat attached, shmop(2). p must not be used afterwards.
func Shmdt(p []byte) error { return os.NewSyscallError("shmdt", unix.SysvShmDetach(p)) }

// ShmStat reads the state of a segment: IPC_STAT, shmctl(2).
func ShmStat(id int) (ShmidDs, error) {
	var ds ShmidDs
	_, err := unix.SysvShmCtl(id, unix.IPC_STAT, &ds.SysvShmDesc)
	return ds, os.NewSyscallError("shmctl", err)
}

// ShmRemove marks the segment for removal with its last detach: IPC_RMID,
// shmctl(2).
func ShmRemove(id int) error {
	_, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	return os.NewSyscallError("shmctl", err)
}
