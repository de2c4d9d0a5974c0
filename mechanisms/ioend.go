package mechanisms

import "io"

// conduit carries bytes under the contracts of package io, and can be filled
// as a Sender can.
type conduit interface {
	io.ReadWriteCloser
	Fill(p []byte) (int, error)
}

// ioEnd is either end of a byte stream through a conduit.
type ioEnd struct {
	mechanism string
	conduit
}

// Send writes all of p.
func (e *ioEnd) Send(p []byte) error {
	if _, err := e.Write(p); err != nil {
		return failed("send", e.mechanism, len(p), err)
	}
	return nil
}

// Recv reads until p is full. The end of the stream inside a message is
// io.ErrUnexpectedEOF.
func (e *ioEnd) Recv(p []byte) error {
	_, err := io.ReadFull(e.conduit, p)
	if err == nil || err == io.EOF {
		return err
	}
	return failed("recv", e.mechanism, len(p), err)
}
