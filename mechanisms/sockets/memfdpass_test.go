package sockets

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// A pool of files is no larger than a process's table of descriptors.
func TestPoolFitsTheTable(t *testing.T) {
	var before unix.Rlimit
	linktest.Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	const files = 36
	linktest.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files + otherFiles, Max: before.Max}))
	t.Cleanup(func() { linktest.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before)) })
	l, err := memfdpassLimits(0)
	linktest.Must(t, err)
	if want := files * os.Getpagesize(); l.Queue.N != want || l.Queue.Source != "RLIMIT_NOFILE of 100" {
		t.Errorf("%+v, want %d bytes of RLIMIT_NOFILE", l.Queue, want)
	}
	s := mechanisms.Spec{Size: 64, Senders: 1, Receivers: 1, Queue: l.Queue.N + 1}
	_, err = newMemfdpass(s)
	linktest.Refused(t, err)
}
