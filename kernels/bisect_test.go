package kernels

import "testing"

func TestLimit(t *testing.T) {
	if l, err := Limit([]float64{100, 101}, []float64{110, 111}); err != nil || l <= 101 || l >= 110 {
		t.Errorf("%v, %v", l, err)
	}
	for _, tt := range [][2][]float64{
		{{110, 111}, {100, 101}}, // the other way round
		{{100, 101}, {100, 101}}, // the same
		{{100, 105}, {107, 108}}, // seeds differ by more than kernels
	} {
		if l, err := Limit(tt[0], tt[1]); err == nil {
			t.Errorf("%v: %v", tt, l)
		}
	}
}
