// Package runner measures cells in processes of their own. Each launch has fresh
// ones, which this program becomes by executing itself:
//
//	coordinator ─────────────── session ───────────┬─── worker "ping"
//	the command or a test       its own namespaces │        │ link
//	                                               └─── worker "pong"
//	request, reply ─── control socket ─── assignment, workerReply
//
// The coordinator (Coordinator) is the process of the command. It asks the session
// for launches, one at a time, judges what the machine did meanwhile, and makes
// records. It never measures, opens no link, and holds no object that outlives it.
//
// The session (sessionServer) lives for a whole run, in IPC and mount namespaces of
// its own where the kernel permits. It makes the links of a launch, starts one
// worker for each part of the workload, starts the rounds, and names the process
// that failed. It does nothing while a round is played, and keeps no end of a link
// open. It dies with the coordinator. Without namespaces it outlives a killed
// coordinator, to remove the objects that its journal lists.
//
// A worker (worker) plays one part. Its main thread opens the ends, is pinned, and
// measures; it has no capability, and bypasses Go's scheduler and collector. It
// knows no other process but by its links, and uses its control socket only
// between rounds. It dies with the session. For mechanisms that wait in Go's
// scheduler the worker is a plain Go program instead (scheduledMain).
//
// A launch goes: open (make links, start workers, attach), play (rounds: the
// session announces them, every worker answers that it is armed, one byte starts
// all), close (workers end, links go). It is a Launch to the coordinator and a
// sessionLaunch to the session. The next one starts while the one before ends.
//
// In reading order:
//
//	run.go            Run: a plan, pass by pass, on one side or several
//	until.go          which cells it launches beyond the plan
//	measure.go        Measure: one launch into a record
//	pace.go           how many operations a round has
//	round.go          Round: what the workers' accounts of a round come to
//	disturbed.go, settings.go           what voids a launch, or warns of it
//	coordinator.go, launch.go           the coordinator's side of a session and a launch
//	protocol.go, errors.go, process.go  what the processes send each other; how they start
//	session.go, namespace.go            the session
//	sessionlaunch.go, links.go          its side of a launch, and of the links
//	blame.go, loss.go                   which of several failures is the cause; lost messages
//	worker.go, scheduled.go, gauge.go   the worker, and what it uses in a round
//	needs.go                            whether this machine can carry a cell
//	trace.go, tracer.go, steps.go, counters.go  system calls and instructions, counted
//
// All of it is one package: the three processes share the protocol, its errors and
// Kind, and the tests look at one launch from all sides. Split, each side would
// import the other two's types.
package runner
