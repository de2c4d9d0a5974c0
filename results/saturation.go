package results

import "fmt"

// SaturatedBelow is the share of a rate that was asked for below which a link is
// saturated.
const SaturatedBelow = 0.95

// Came is how many messages a second came where one took so many nanoseconds.
func Came(nsPerOp float64) float64 { return 1e9 / nsPerOp }

// Saturated reports whether far fewer messages came than were due.
func Saturated(c Cell, nsPerOp float64) bool {
	return c.Rate > 0 && nsPerOp > 0 && Came(nsPerOp) < SaturatedBelow*float64(c.Rate)
}

// Saturation is the warning of a launch in which far fewer messages came than
// were due; "" for all others.
func Saturation(c Cell, nsPerOp float64) string {
	if !Saturated(c, nsPerOp) {
		return ""
	}
	return fmt.Sprintf("saturated: %d messages a second were due and %.0f came, so that latency grows as long as is measured; ask for a lower --rate", c.Rate, Came(nsPerOp))
}

// saturation is what a cell says of all its launches: how many came is in its
// numbers.
const saturation = "saturated: fewer messages came than were due, so that latency grows as long as is measured; ask for a lower --rate"
