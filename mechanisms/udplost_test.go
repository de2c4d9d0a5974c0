package mechanisms

import (
	"testing"

	"golang.org/x/sys/unix"
)

// A line that one reading of the table misses is in another; one that is in none
// is an error.
func TestDropsAreReadAgain(t *testing.T) {
	r := udpRoute{To: unix.SockaddrInet4{Port: 0x1234, Addr: [4]byte{127, 0, 0, 1}}, From: unix.SockaddrInet4{Port: 0x2345, Addr: [4]byte{127, 0, 0, 1}}}
	line := "  7: " + hexAddress(r.To) + " " + hexAddress(r.From) + " 01 00000000:00000000 00:00000000 00000000 0 0 1 2 0 42\n"
	for _, c := range []struct {
		missed int
		ok     bool
	}{{0, true}, {1, true}, {readings - 1, true}, {readings, false}} {
		n := 0
		got, err := r.dropsIn(func() ([]byte, error) {
			if n++; n <= c.missed {
				return []byte("  sl  local_address rem_address\n"), nil
			}
			return []byte(line), nil
		})
		if (err == nil) != c.ok || c.ok && got != 42 {
			t.Errorf("missed %d times: %d, %v", c.missed, got, err)
		}
	}
}
