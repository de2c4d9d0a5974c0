package descriptor

import (
	"errors"

	"ipcbench/mechanisms"
)

// Capacity reads from the descriptor of an end, without duplicating it: a
// second descriptor would hide an end of file. An end that is none reads
// nothing.
func Capacity(e mechanisms.End, source string, read func(fd int) (int, error)) (g mechanisms.Given, err error) {
	at := func(fd int) {
		var n int
		if n, err = read(fd); err == nil {
			g = mechanisms.Given{Queue: n, Source: source}
		}
	}
	end := e.Value
	switch wrapped := end.(type) {
	case *inPlaceReader:
		end = wrapped.Receiver
	case *Transfer:
		end = wrapped.Conduit
	}
	switch end := end.(type) {
	case mechanisms.Descriptor:
		at(end.FD())
	case pollerFile:
		raw, e := end.SyscallConn()
		if e == nil {
			e = raw.Control(func(fd uintptr) { at(int(fd)) })
		}
		err = errors.Join(err, e)
	}
	return g, err
}
