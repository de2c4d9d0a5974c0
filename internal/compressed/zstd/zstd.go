// Package zstd makes package compressed read and write zstd (RFC 8878).
package zstd

import (
	"io"

	"github.com/klauspost/compress/zstd"

	"ipcbench/internal/compressed"
)

// One goroutine each: the CPUs are for what is measured next.
func init() {
	compressed.NewWriter = func(w io.Writer, window int) (io.WriteCloser, error) {
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	}
	compressed.NewReader = func(r io.Reader, window uint64) (compressed.Reader, error) {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
		if err != nil {
			return nil, err
		}
		return d, nil
	}
}
