package explain

import (
	"strconv"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Limit is a limit with what it is of, for people.
type Limit struct {
	Of string // "message, several senders"
	mechanisms.Limit
	Number string // its N, with a unit where it is of bytes
}

// LimitsHere are the limits of links of the default capacity on this host, or the
// reason why the mechanism can't be used here.
func LimitsHere(m *mechanisms.Mechanism) (mechanisms.Limits, error) {
	if err := m.Available(); err != nil {
		return mechanisms.Limits{}, err
	}
	return m.Limits(0)
}

// Limits lists the limits that there are.
func Limits(l mechanisms.Limits) (all []Limit) {
	add := func(of string, l mechanisms.Limit, number func(int) string) {
		if l.N > 0 {
			all = append(all, Limit{of, l, number(l.N)})
		}
	}
	add("message", l.Message, results.FormatBytes)
	add("message, at least", l.Least, results.FormatBytes)
	add("message, several senders", l.Atomic, results.FormatBytes)
	add("queue", l.Queue, results.FormatBytes)
	add("queue, in messages", l.Messages, strconv.Itoa)
	add("messages under way", l.Held, strconv.Itoa)
	add("count", l.Count, strconv.Itoa)
	add("senders", l.Senders, strconv.Itoa)
	add("receivers", l.Receivers, strconv.Itoa)
	return all
}
