package gate

import (
	"math"
	"slices"
)

func median(values []float64) float64 {
	s := slices.Clone(values)
	n := len(s)
	high := nth(s, n/2)
	if n%2 == 1 {
		return high
	}
	return (slices.Max(s[:n/2]) + high) / 2
}

// nth returns the value that has k others before it in order, from 0. It
// leaves those in front of it (Hoare 1961, Algorithm 65: Find).
func nth(s []float64, k int) float64 {
	for lo, hi := 0, len(s)-1; lo < hi; {
		pivot := s[(lo+hi)/2]
		i, j := lo, hi
		for i <= j {
			for s[i] < pivot {
				i++
			}
			for s[j] > pivot {
				j--
			}
			if i <= j {
				s[i], s[j] = s[j], s[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return s[k]
		}
	}
	return s[k]
}

// choose is n over k.
func choose(n, k int) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
	return math.Round(math.Exp(lg(n) - lg(k) - lg(n-k)))
}
