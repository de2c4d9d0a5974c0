package results

import "fmt"

// enough is the share of a rate that was asked for below which a link is
// saturated.
const enough = 0.95

// came is how many messages a second came where one took so many nanoseconds.
func came(nsPerOp float64) float64 { return 1e9 / nsPerOp }

// saturated tells whether far fewer messages came than were due.
func saturated(c Cell, nsPerOp float64) bool {
	return c.Rate > 0 && nsPerOp > 0 && came(nsPerOp) < enough*float64(c.Rate)
}

// Saturation is the warning of a launch in which far fewer messages came than
// were due; "" for all others.
func Saturation(c Cell, nsPerOp float64) string {
	if !saturated(c, nsPerOp) {
		return ""
	}
	return fmt.Sprintf("saturated: %d messages a second were due and %.0f came, so that latency grows as long as is measured; ask for a lower --rate", c.Rate, came(nsPerOp))
}

// saturation is what a cell says of all its launches: how many came is in its
// numbers.
const saturation = "saturated: fewer messages came than were due, so that latency grows as long as is measured; ask for a lower --rate"
