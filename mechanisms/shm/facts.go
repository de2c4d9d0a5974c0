package shm

import "ipcbench/mechanisms"

// What rings in shared memory have in common for a reader, however they wait.
var (
	segmentMan   = []string{"shmop(2)", "shmget(2)", "sysvipc(7)"}
	ringMan      = []string{"mmap(2)", "memfd_create(2)", "shm_overview(7)"}
	unprotected  = mechanisms.Caution{Text: "nothing protects a slot: every process that maps the memory can write to any, at any time", Man: "mmap(2)"}
	neverTold    = mechanisms.Caution{Text: "neither side learns that the other has gone: it waits forever", Man: "mmap(2)"}
	oneEach      = mechanisms.Caution{Text: "one process may send and one receive: a second would need atomic operations of another kind", Man: "shm_overview(7)"}
	usesUpCPU    = mechanisms.Caution{Text: "the waiter uses up its CPU, and on the same CPU its whole time slice, while its peer could run", Man: "sched(7)"}
	delicate     = mechanisms.Caution{Text: "the order is delicate: a process that goes to sleep must announce it before it looks a last time, or the wake-up is lost and both wait forever", Man: "futex(7)"}
	segmentStays = mechanisms.Caution{Text: "a segment outlives its processes, until IPC_RMID or a reboot: ipcs(1) shows it", Man: "shmctl(2)"}
	fenced       = mechanisms.Caution{Text: "a message must be written before the index that announces it, and read after: a plain store and load keep that order on some processors only, atomic ones (here Go's, sequentially consistent) on all", Man: "membarrier(2)"}
)

const (
	ringSince  = "3.17" // memfd_create
	ringObject = "slots of shared memory"

	segmentSince  = "2.6.0" // futex
	segmentObject = "slots of a shared segment"
	segmentKernel = "shmat(2) enters do_shmat, which maps the pages of the segment into each process: a message is copied by the processes themselves, and the kernel never sees it. "
	ringKernel    = "mmap(2) maps the same pages into each process: a message is copied by the processes themselves, and the kernel never sees it. "
)

var ringTraits = mechanisms.Traits{
	Duplex:      mechanisms.Checked("memory: as the processes agree", "S17"),
	Persistence: mechanisms.Documented("nothing; with --memory shm a name in /dev/shm, until it is unlinked", "shm_overview(7)"),
	Pollable:    mechanisms.Documented("no", "poll(2)"),
	Selection:   mechanisms.Documented("memory: any place", "mmap(2)"),
	Atomic:      mechanisms.Checked("nothing: use one sender, or a lock", "S17"),
	Message:     mechanisms.Documented("what memory there is", "memfd_create(2)"),
	Capacity:    mechanisms.Documented("the size of the memory", "memfd_create(2)"),
	PeerDeath:   mechanisms.Documented("not reported", "mmap(2)"),
	PassFD:      mechanisms.Documented("no", "mmap(2)"),
	Permission:  mechanisms.Documented("processes that inherit or are sent the descriptor; mode of the name", "shm_overview(7)"),
	Namespace:   mechanisms.Documented("none; a name: the mount of /dev/shm", "shm_overview(7)"),
}

var segmentTraits = func() mechanisms.Traits {
	t := sysvshmTraits
	t.Pollable = mechanisms.Documented("no", "poll(2)")
	t.Atomic = mechanisms.Checked("nothing: use one sender, or a lock", "S17")
	t.PeerDeath = mechanisms.Documented("not reported", "shmop(2)")
	t.Permission = mechanisms.Checked("mode of the segment", "S11")
	return t
}()
