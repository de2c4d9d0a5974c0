package runner

import (
	"errors"
	"testing"
	"time"
)

// Rounds that are asked for together are returned one by one, and an error names
// the round that went wrong.
func TestPlay(t *testing.T) {
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			l, err := s.Open(pipePong)
			if err != nil {
				t.Fatal(err)
			}
			asked := []Ask{{Kind: Warmup, N: 1}, {Kind: Timed, N: 20}, {Kind: Latency, N: 30}, {Kind: Verify, N: 40}}
			played, err := l.Play(time.Second, asked...)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range played {
				if r.Kind != asked[i].Kind || r.Ops != asked[i].N || r.Elapsed <= 0 || len(r.Usage) != 2 {
					t.Errorf("round %d: %+v, want %+v", i+1, r, asked[i])
				}
				if (r.Latencies != nil) != (r.Kind == Latency) || (r.Verified > 0) != (r.Kind == Verify) {
					t.Errorf("round %d, %s: %d bytes of histogram, %d payloads checked", i+1, r.Kind, len(r.Latencies), r.Verified)
				}
			}
			s.options.Timeout = 200 * time.Millisecond
			_, err = l.Play(0, Ask{Kind: Timed, N: 1}, Ask{Kind: Timed, N: 1 << 30}, Ask{Kind: Timed, N: 1})
			var at *WorkerError
			if !errors.As(err, &at) || !errors.As(err, new(*HungError)) || at.Phase != "timed round 6" {
				t.Errorf("the sixth round does not end in time, and the error is: %v", err)
			}
			nothingLeft(t)
		})
	}
}
