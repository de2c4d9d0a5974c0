package mechanisms

// Traits are how a mechanism behaves at its edges, for a reader that compares.
// Each names the statements of package semantics that hold it to the running
// kernel, which tests them, or the page that states it.
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

func Checked(text string, checks ...string) Trait { return Trait{Text: text, Checks: checks} }

func Documented(text, man string) Trait { return Trait{Text: text, Man: man} }
