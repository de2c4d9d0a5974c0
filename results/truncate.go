package results

import (
	"bytes"
	"fmt"
)

// mend cuts a torn last line off the records, so that the next one starts on
// a line of its own. A record ends with its newline, so whatever follows the
// last newline was never finished.
func (r *Run) mend() error {
	info, err := r.records.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	r.size, err = r.lastLineEnd(end)
	if err != nil || r.size == end {
		return err
	}
	if err := r.records.Truncate(r.size); err != nil {
		return fmt.Errorf("cut off the torn last record: %w", err)
	}
	r.Warnings = append(r.Warnings, fmt.Sprintf("%s: cut off a torn last record of %d bytes", RecordsFile, end-r.size))
	return nil
}

// lastLineEnd returns the offset after the last newline before end, 0 where
// there is none.
func (r *Run) lastLineEnd(end int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end > 0 {
		n := min(end, int64(len(buf)))
		if _, err := r.records.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}
