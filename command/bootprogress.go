package command

import (
	"fmt"
	"io"
	"time"

	"ipcbench/internal/text"
	"ipcbench/kernels"
)

// boots is the progress of a run of guests: "boot 4 of 12, 1m20 left". Several may run
// at once.
type boots struct {
	*progress
	run    *kernels.Runner
	of     int
	jobs   int
	begun  int
	ran    map[[2]int]time.Duration // when those that run began, since the first, by kernel and seed
	took   time.Duration            // of those that ended
	number int                      // of these
}

func bootProgress(out io.Writer, r *kernels.Runner) *boots {
	jobs := max(1, r.Plan.Jobs)
	if r.Plan.Accel == kernels.KVM {
		jobs = 1
	}
	return &boots{progress: newProgress(out), run: r, of: len(r.Kernels) * r.Plan.Boots, jobs: jobs, ran: map[[2]int]time.Duration{}}
}

// known leaves out the boots whose counts are known, of so many counts in all.
func (b *boots) known(counts, of int) { b.of -= b.of * counts / of }

// started shows that a boot has begun. Without a terminal it is a line.
func (b *boots) started(kernel, seed int) {
	b.begun++
	now := time.Since(b.begin)
	b.ran[[2]int{kernel, seed}] = now
	done := b.done(now)
	doing := fmt.Sprintf("%s, %s %d", b.run.Kernels[kernel].Label, map[bool]string{true: "seed", false: "boot"}[b.run.Plan.Accel == kernels.ICount], seed)
	if screen(b.out).Columns == 0 {
		fmt.Fprintf(b.out, "%s: %s\n", done, doing)
		return
	}
	b.drawn = time.Time{} // boots are far apart
	b.draw(float64(b.number)/float64(b.of), done, func(columns int) string { return text.Shorten(doing, columns) })
}

// ended notes how long a boot took.
func (b *boots) ended(kernel, seed int) {
	key := [2]int{kernel, seed}
	b.took += time.Since(b.begin) - b.ran[key]
	b.number++
	delete(b.ran, key)
}

// done is which boot began last, and how long the rest takes.
func (b *boots) done(now time.Duration) string {
	s := fmt.Sprintf("boot %d of %d", b.begun, b.of)
	if left, ok := b.rest(now); ok {
		s += ", " + timeLeft(b.left.at(now, left))
	}
	return s
}

// rest estimates what is left: as long as the work of the boots that are not over, of a
// mean boot each, takes on as many CPUs as share it. It is false before the first ended.
func (b *boots) rest(now time.Duration) (left time.Duration, ok bool) {
	if b.number == 0 {
		return 0, false
	}
	mean := b.took / time.Duration(b.number)
	work := time.Duration(b.of-b.begun) * mean
	for _, began := range b.ran {
		more := max(0, mean-(now-began))
		work += more
		left = max(left, more)
	}
	return max(left, work/time.Duration(b.jobs)), true
}
