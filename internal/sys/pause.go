package sys

// Pause lets the processor know that its program looks at a word again and again:
// PAUSE on x86. Without it the processor looks ahead dozens of times, and has to
// throw all of that away when the word changes.
func Pause() { procyield(1) }
