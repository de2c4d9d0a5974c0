package results

import (
	"encoding/json"
	"fmt"
)

// Optional is a number that a record has or lacks. The zero value is absent,
// which is not 0: ten launches of which nine have 0 context switches and one
// has 2 have a median of 0. In JSON an absent number has no key (the tag
// omitzero) or is null.
//
// A number that cannot be 0 where it was measured needs none of this: of a
// time, a size or a number of operations 0 says that there is none.
type Optional[T int64 | float64] struct {
	value T
	known bool
}

// Count is a whole number that may be 0: events, messages, nanoseconds that
// were used or lost.
type Count = Optional[int64]

// Amount is a number per operation that may be 0.
type Amount = Optional[float64]

// Known is a number that was measured, 0 included.
func Known[T int64 | float64](v T) Optional[T] { return Optional[T]{v, true} }

// Get returns the number, and false where there is none.
func (o Optional[T]) Get() (T, bool) { return o.value, o.known }

// Or returns the number, or absent where there is none.
func (o Optional[T]) Or(absent T) T {
	if !o.known {
		return absent
	}
	return o.value
}

// IsZero reports whether the number is absent: encoding/json asks for
// omitzero.
func (o Optional[T]) IsZero() bool { return !o.known }

// Plus is the sum of two numbers, absent where one of them is: what a part
// lacks the whole lacks.
func (o Optional[T]) Plus(p Optional[T]) Optional[T] {
	if !o.known || !p.known {
		return Optional[T]{}
	}
	return Known(o.value + p.value)
}

// String is the number, or "–".
func (o Optional[T]) String() string {
	if !o.known {
		return "–"
	}
	return fmt.Sprint(o.value)
}

func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.known {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*o = Optional[T]{}
		return nil
	}
	if err := json.Unmarshal(text, &o.value); err != nil {
		return err
	}
	o.known = true
	return nil
}
