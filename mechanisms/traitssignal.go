package mechanisms

// signalTraits are those of signals, with what the ways to take them differ in.
func signalTraits(pollable, message, capacity Trait) Traits {
	return Traits{
		Duplex:      said("one way: to a process or thread", "kill(2)"),
		Persistence: said("nothing: pending signals go with the process", "signal(7)"),
		Pollable:    pollable,
		Selection:   said("by signal number", "sigwaitinfo(2)"),
		Atomic:      said("each signal", "signal(7)"),
		Message:     message,
		Capacity:    capacity,
		PeerDeath:   said("sender: ESRCH; receiver: nothing", "kill(2)"),
		PassFD:      said("no", "signal(7)"),
		Permission:  said("the same user, or CAP_KILL", "kill(2)"),
		Namespace:   said("PID: a number", "pid_namespaces(7)"),
	}
}
