package results

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Threshold is the change up to which the cells of a pattern are no slower.
type Threshold struct {
	Cells string  `json:"cells"` // see MatchCells
	Share float64 `json:"share"` // 0.05 is 5 %
}

// ThresholdOf is that of the last threshold whose pattern the cell of that name
// matches; 0: none does.
func ThresholdOf(all []Threshold, name string) float64 {
	for i := len(all) - 1; i >= 0; i-- {
		if MatchCells(all[i].Cells, name) {
			return all[i].Share
		}
	}
	return 0
}

// MatchCells reports whether a cell's name has the parts of the pattern, in their
// order: "PingPong/*/size=64" matches PingPong at 64 bytes over every mechanism,
// whatever parts follow. In a part * stands for any characters, as in path.Match.
// Case does not count.
func MatchCells(pattern, name string) bool {
	parts := strings.Split(strings.ToLower(pattern), "/")
	for part := range strings.SplitSeq(strings.ToLower(name), "/") {
		if ok, _ := path.Match(parts[0], part); ok {
			if parts = parts[1:]; len(parts) == 0 {
				return true
			}
		}
	}
	return false
}

// CheckPattern names what no cell's name can match. Its error begins with what is
// wanted.
func CheckPattern(pattern string) error {
	for part := range strings.SplitSeq(pattern, "/") {
		if _, err := path.Match(part, ""); err != nil || part == "" {
			return errors.New("want parts of a cell's name with / between them, as in PingPong/*/size=64")
		}
	}
	return nil
}

// ParseShare reads a share from least to most, "5%" or "0.05". Its error begins
// with what is wanted.
func ParseShare(s string, least, most float64) (float64, error) {
	digits, isPercent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if isPercent {
		v /= 100
	}
	if err != nil || !(v >= least && v <= most) {
		return 0, fmt.Errorf("want %g%% to %g%%, as in 5%% or 0.05", 100*least, 100*most)
	}
	return v, nil
}
