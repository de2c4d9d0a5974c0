package mechanisms

// What rings in shared memory have in common for a reader, however they wait.
var (
	segmentMan   = []string{"shmop(2)", "shmget(2)", "sysvipc(7)"}
	ringMan      = []string{"mmap(2)", "memfd_create(2)", "shm_overview(7)"}
	unprotected  = Caution{"nothing protects a slot: every process that maps the memory can write to any, at any time", "mmap(2)"}
	neverTold    = Caution{"nobody tells either side that the other has gone: both wait for ever", "mmap(2)"}
	oneEach      = Caution{"one process may send and one receive: a second would need atomic operations of another kind", "shm_overview(7)"}
	usesUpCPU    = Caution{"who waits uses up its CPU, and on one CPU its whole time slice, while its peer could run", "sched(7)"}
	delicate     = Caution{"the order is delicate: who goes to sleep must say so before it looks a last time, or the wake-up is lost and both wait for ever", "futex(7)"}
	segmentStays = Caution{"a segment outlives its processes, until IPC_RMID or a reboot: ipcs(1) shows it", "shmctl(2)"}
	fenced       = Caution{"a message must be written before the index that tells of it, and read after: a plain store and load keep that order on some processors only, atomic ones (here Go's, sequentially consistent) on all", "membarrier(2)"}
)

const (
	ringSince  = "3.17" // memfd_create
	ringObject = "slots of shared memory"

	segmentSince  = "2.6.0" // futex
	segmentObject = "slots of a shared segment"
	segmentKernel = "shmat(2) enters do_shmat, which maps the pages of the segment into each process: a message is copied by the processes themselves, and the kernel never sees it. "
	ringKernel    = "mmap(2) maps the same pages into each process: a message is copied by the processes themselves, and the kernel never sees it. "
)

var ringTraits = Traits{
	Duplex:      trait("memory: as the processes agree", "S17"),
	Persistence: said("nothing; a name in /dev/shm stays until it is unlinked", "shm_overview(7)"),
	Pollable:    said("no", "poll(2)"),
	Selection:   said("memory: any place", "mmap(2)"),
	Atomic:      trait("none: one sender, or a lock keeps them apart", "S17"),
	Message:     said("what memory there is", "memfd_create(2)"),
	Capacity:    said("the size of the memory", "memfd_create(2)"),
	PeerDeath:   said("nobody is told", "mmap(2)"),
	PassFD:      said("no", "mmap(2)"),
	Permission:  said("who inherits or is sent the descriptor; mode of the name", "shm_overview(7)"),
	Namespace:   said("none; a name: the mount of /dev/shm", "shm_overview(7)"),
}

var eventfdTraits = func() Traits {
	t := ringTraits
	t.Pollable = said("not here; an eventfd can be", "eventfd(2)")
	t.Permission = said("who inherits or is sent the descriptors", "eventfd(2)")
	t.Namespace = said("none", "eventfd(2)")
	return t
}()

var segmentTraits = func() Traits {
	t := sysvshmTraits
	t.Pollable = said("no", "poll(2)")
	t.Atomic = trait("none: one sender, or a lock keeps them apart", "S17")
	t.PeerDeath = said("nobody is told", "shmop(2)")
	t.Permission = trait("mode of the segment", "S11")
	return t
}()
