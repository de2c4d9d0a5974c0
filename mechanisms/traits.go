package mechanisms

// Traits are how a mechanism behaves at its edges, for a reader who compares.
// Each names the statements of package semantics that hold it to the running
// kernel, which tests them, or the page that says so.
type Traits struct {
	Duplex      Trait `json:"duplex"`
	Persistence Trait `json:"persistence"` // what is left when all processes have gone
	Pollable    Trait `json:"pollable"`
	Selection   Trait `json:"selection"` // whether a receiver can choose
	Atomic      Trait `json:"atomic"`    // up to which size messages of several senders stay apart
	Message     Trait `json:"message"`   // the largest
	Capacity    Trait `json:"capacity"`  // by default
	PeerDeath   Trait `json:"peer_death"`
	PassFD      Trait `json:"pass_fd"` // whether descriptors can be sent
	Permission  Trait `json:"permission"`
	Namespace   Trait `json:"namespace"` // what its name or identifier belongs to
}

// Trait is one of them.
type Trait struct {
	Text   string   `json:"text"`             // a few words
	Checks []string `json:"checks,omitempty"` // IDs of the statements that hold it true
	Man    string   `json:"man,omitempty"`    // the page that says so, where no statement does: "tcp(7)"
}

func trait(text string, checks ...string) Trait { return Trait{Text: text, Checks: checks} }

func said(text, man string) Trait { return Trait{Text: text, Man: man} }

var pipeTraits = Traits{
	Duplex:      trait("one way", "P02"),
	Persistence: trait("nothing", "P09"),
	Pollable:    trait("yes", "L01", "L02"),
	Selection:   trait("in order only", "P01"),
	Atomic:      trait("PIPE_BUF, 4096 bytes", "P20", "P31"),
	Message:     trait("no messages", "P06"),
	Capacity:    trait("16 pages", "P21"),
	PeerDeath:   trait("reader: end of file; writer: EPIPE and SIGPIPE", "P09", "P13", "P14"),
	PassFD:      trait("no", "P01"),
	Permission:  trait("who inherits or is sent the descriptor", "D04", "D08"),
	Namespace:   trait("none", "D08"),
}

var fifoTraits = func() Traits {
	t := pipeTraits
	t.Duplex = trait("one way; O_RDWR on Linux", "F05")
	t.Persistence = trait("the name, not what is in it", "F07")
	t.Pollable = trait("yes", "L07")
	t.PeerDeath = trait("as a pipe, until another peer opens it", "F09", "F13")
	t.Permission = trait("mode of the file", "F12")
	t.Namespace = trait("mount: a path", "F01", "F08")
	return t
}()

var packetpipeTraits = func() Traits {
	t := pipeTraits
	t.Message = trait("PIPE_BUF, 4096 bytes, then split", "K03")
	t.Capacity = trait("16 packets of any size", "K04")
	return t
}()

var socketpairTraits = Traits{
	Duplex:      trait("both ways", "U01"),
	Persistence: trait("nothing", "U08"),
	Pollable:    trait("yes", "L12"),
	Selection:   trait("in order only", "U02"),
	Atomic:      trait("not promised at any size", "U15"),
	Message:     trait("no messages", "U02"),
	Capacity:    trait("SO_SNDBUF, counted in kernel memory", "U10", "U11"),
	PeerDeath:   trait("reader: end of file, or ECONNRESET; writer: EPIPE and SIGPIPE", "U05", "U08"),
	PassFD:      trait("yes, SCM_RIGHTS", "D07", "D08"),
	Permission:  trait("who inherits or is sent the descriptor", "D04", "D08"),
	Namespace:   trait("none", "D08"),
}

var seqpacketTraits = func() Traits {
	t := socketpairTraits
	t.Selection = trait("in order only", "U03")
	t.Atomic = trait("whole messages", "U03")
	t.Message = trait("SO_SNDBUF", "U09")
	t.PeerDeath = trait("writer: EPIPE, no signal", "U07")
	return t
}()

var dgramTraits = func() Traits {
	t := seqpacketTraits
	t.Selection = trait("in order only", "U17")
	t.Atomic = trait("whole messages", "U17")
	t.PeerDeath = trait("reader: nothing; writer: ECONNREFUSED", "U06")
	return t
}()

var sysvmsgTraits = Traits{
	Duplex:      trait("both ways, by type", "M02"),
	Persistence: trait("queue and messages, until IPC_RMID", "M13", "M18"),
	Pollable:    trait("no: an identifier is no descriptor", "M09"),
	Selection:   trait("by type, by priority, all but one", "M02", "M03", "M04"),
	Atomic:      trait("whole messages", "M01"),
	Message:     trait("msgmax", "M07"),
	Capacity:    trait("msg_qbytes, in bytes and in messages", "M06", "M08"),
	PeerDeath:   trait("nobody is told; IPC_RMID: EIDRM", "M10", "M13"),
	PassFD:      trait("no", "M01"),
	Permission:  trait("mode of the queue", "M15"),
	Namespace:   trait("IPC", "S14"),
}

var sysvshmTraits = Traits{
	Duplex:      trait("memory: as the processes agree", "S17"),
	Persistence: trait("segment and what is in it, until IPC_RMID", "S05", "S10"),
	Pollable:    trait("no: semaphores sleep in semop", "E02"),
	Selection:   trait("memory: any place", "S06"),
	Atomic:      trait("none: semaphores keep processes apart", "S17", "E14"),
	Message:     trait("shmmax", "S13"),
	Capacity:    trait("the size of the segment", "S04"),
	PeerDeath:   trait("nobody is told; SEM_UNDO gives back", "E06"),
	PassFD:      trait("no", "S06"),
	Permission:  trait("mode of segment and semaphores", "S11", "E15"),
	Namespace:   trait("IPC", "S14"),
}
