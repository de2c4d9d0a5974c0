package command

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"
	"time"

	"ipcbench/kernels"
)

// What is left falls steadily while boots of 10 s come and go, one or two at once, and
// is right from the first that ends.
func TestBootsLeft(t *testing.T) {
	for _, jobs := range []int{1, 2} {
		const each, all = 10 * time.Second, 12
		b := bootProgress(&bytes.Buffer{}, &kernels.Runner{Plan: kernels.Plan{Accel: kernels.ICount, Boots: all, Jobs: jobs}, Kernels: make([]kernels.Kernel, 1)})
		if got := b.done(0); got != "boot 0 of 12" {
			t.Errorf("before the first: %q", got)
		}
		shown := time.Duration(0)
		for begun := range all {
			now := each * time.Duration(begun/jobs) // boots at once begin together
			for key, began := range b.ran {
				if now-began >= each {
					b.took, b.number = b.took+each, b.number+1
					delete(b.ran, key)
				}
			}
			b.begun++
			b.ran[[2]int{0, begun}] = now
			left, ok := b.rest(now)
			if ok != (begun >= jobs) {
				t.Fatalf("%d at once, boot %d: known %v", jobs, begun+1, ok)
			}
			if begun < jobs || (begun+1)%jobs != 0 {
				continue // the others of this turn are about to begin
			}
			if want := each * time.Duration(all/jobs-begun/jobs); left != want {
				t.Errorf("%d at once, boot %d: %v left, want %v", jobs, begun+1, left, want)
			}
			at := b.left.at(now, left)
			if shown > 0 && at > shown {
				t.Errorf("%d at once, boot %d: %v left after %v", jobs, begun+1, at, shown)
			}
			shown = at
		}
	}
}

// Without a terminal a boot is a line, with the kernel and the seed.
func TestBootLines(t *testing.T) {
	var out bytes.Buffer
	b := bootProgress(&out, &kernels.Runner{Plan: kernels.Plan{Accel: kernels.ICount, Boots: 2, Jobs: 1}, Kernels: []kernels.Kernel{{Label: "old"}, {Label: "new"}}})
	b.started(0, 1)
	b.begin = b.begin.Add(-40 * time.Second) // so long it took
	b.ended(0, 1)
	b.started(1, 1)
	if ok := regexp.MustCompile(`^boot 1 of 4: old, seed 1\nboot 2 of 4, (2m00|1m50) left: new, seed 1\n$`).MatchString(out.String()); !ok {
		t.Errorf("%q", out.String())
	}
}

func TestTimeLeft(t *testing.T) {
	for d, want := range map[time.Duration]string{45: "45 s", 60: "1m00", 84: "1m20", 599: "9m50", 720: "12 min", 8000: "2 h 10 min"} {
		if got := timeLeft(d * time.Second); got != fmt.Sprint(want, " left") {
			t.Errorf("%d s: %q, want %q", d, got, want)
		}
	}
}
