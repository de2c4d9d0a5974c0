package report

import (
	"time"

	"ipcbench/compare"
	"ipcbench/internal/sides"
)

var (
	pipe = sides.Cell("PingPong", "pipe", 64)
	fifo = sides.Cell("PingPong", "fifo", 64)
	msg  = sides.Cell("PingPong", "sysvmsg", 64)
	fan  = sides.Cell("FanIn", "pipe", 4096)
)

// session is a side's records.
type session struct{ *sides.Session }

// inTurn are two sessions that took turns.
func inTurn() (old, new *session) {
	return &session{sides.New("old", 1, 0)}, &session{sides.New("new", 2, time.Minute)}
}

func (s *session) side() *compare.Side {
	return compare.Records(s.Run, s.Records, compare.DefaultMetrics)
}
