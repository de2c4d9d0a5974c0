package sys

// Pin keeps the calling goroutine on its processor of Go's scheduler until Unpin.
// Otherwise a goroutine that has run for 10 ms is asked to let others run, even
// if there are none. One that is locked to its thread is then taken off it and put
// back by way of another thread, which takes two wake-ups. A pinned goroutine must
// not wait for another, and makes no calls but those of the timed path in a
// dedicated process, which the scheduler does not notice.
func Pin() { procPin() }

// Unpin ends what Pin began.
func Unpin() { procUnpin() }
