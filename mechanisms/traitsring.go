package mechanisms

// What rings in shared memory have in common for a reader, however they wait.
var (
	ringMan     = []string{"mmap(2)", "memfd_create(2)", "shm_overview(7)"}
	unprotected = Caution{"nothing protects a slot: every process that maps the memory can write to any, at any time", "mmap(2)"}
	neverTold   = Caution{"nobody tells either side that the other has gone: both wait for ever", "mmap(2)"}
	fenced      = Caution{"a message must be written before the index that tells of it, and read after: a plain store and load keep that order on some processors only, atomic ones (here Go's, sequentially consistent) on all", "membarrier(2)"}
)

const (
	ringSince  = "3.17" // memfd_create
	ringObject = "slots of shared memory"
	ringKernel = "mmap(2) maps the same pages into each process: a message is copied by the processes themselves, and the kernel never sees it. "
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
