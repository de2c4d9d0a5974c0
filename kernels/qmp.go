package kernels

import (
	"encoding/json"
	"fmt"
	"io"

	"ipcbench/results"
)

// qmp is the client's side of QEMU's own protocol (docs/interop/qmp-spec). A machine
// that is stopped by it goes on with its clock as it was: at a breakpoint of a debugger
// the clock of an instruction-counted one jumps to the next timer.
type qmp struct {
	to   *json.Encoder
	from *json.Decoder
}

// openQMP reads QEMU's greeting and leaves the negotiation.
func openQMP(conn io.ReadWriter) (*qmp, error) {
	q := &qmp{json.NewEncoder(conn), json.NewDecoder(conn)}
	var greeting struct{ QMP *struct{} }
	if err := q.from.Decode(&greeting); err != nil {
		return nil, err
	}
	return q, q.do("qmp_capabilities", nil, nil)
}

// do has QEMU execute a command, and decodes what it returns.
func (q *qmp) do(command string, arguments map[string]any, into any) error {
	asked := map[string]any{"execute": command}
	if arguments != nil {
		asked["arguments"] = arguments
	}
	if err := q.to.Encode(asked); err != nil {
		return err
	}
	for {
		var answer struct {
			Return json.RawMessage
			Error  *struct{ Desc string }
		}
		switch err := q.from.Decode(&answer); {
		case err != nil:
			return err
		case answer.Error != nil:
			return fmt.Errorf("QEMU refuses %s: %s", command, results.Quote(answer.Error.Desc))
		case answer.Return != nil && into != nil:
			return json.Unmarshal(answer.Return, into)
		case answer.Return != nil:
			return nil
		} // what it has to say besides is an event
	}
}

// human has the monitor for people do something, which must print nothing.
func (q *qmp) human(command string) error {
	var said string
	err := q.do("human-monitor-command", map[string]any{"command-line": command}, &said)
	if err == nil && said != "" {
		err = fmt.Errorf("QEMU's monitor answers %q: %s", command, results.Quote(said))
	}
	return err
}
