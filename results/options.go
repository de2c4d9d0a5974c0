package results

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Options are the axes that most cells leave at their usual value, which is
// the zero value. A cell's name, its records and tables tell only of others.
type Options struct {
	Wait   string `json:"wait,omitempty"`   // how ends that are descriptors wait: poll, epoll, spin; "": in the call itself
	Batch  int    `json:"batch,omitempty"`  // messages that one call hands over, at least 2; 0: one
	Touch  string `json:"touch,omitempty"`  // what the receiver does with every byte: read, write; "": it looks at the stamp
	Lend   bool   `json:"lend,omitempty"`   // both sides work in the link's own memory, and nobody copies
	Memory string `json:"memory,omitempty"` // what backs shared memory: memfd, shm, file, huge; "": the mechanism's own choice
	Given  string `json:"given,omitempty"`  // the capacity of the links, as GivenTo has it, where it is not what such links usually have; no plan asks for it
	Rate   int    `json:"rate,omitempty"`   // messages a second that are due; 0: as fast as it goes
}

// option is one of Options as names have it.
type option struct {
	key    string
	write  func(*Options) string // "" at the usual value
	read   func(*Options, string) error
	forget func(*Options)
}

var validOption = newForm(`^[a-z]{1,32}$`)

// options in the order of names.
var options = []option{
	textOption("wait", func(o *Options) *string { return &o.Wait }),
	countOption("batch", func(o *Options) *int { return &o.Batch }),
	textOption("touch", func(o *Options) *string { return &o.Touch }),
	{
		key: "copy",
		write: func(o *Options) string {
			if o.Lend {
				return "0"
			}
			return ""
		},
		read: func(o *Options, s string) error {
			if o.Lend = s == "0"; !o.Lend {
				return fmt.Errorf("copy %s: want 0", Quote(s))
			}
			return nil
		},
		forget: func(o *Options) { o.Lend = false },
	},
	textOption("memory", func(o *Options) *string { return &o.Memory }),
	{
		key:    "given",
		write:  func(o *Options) string { return o.Given },
		read:   func(o *Options, s string) (err error) { o.Given, err = readGiven(s); return err },
		forget: func(o *Options) { o.Given = "" },
	},
	countOption("rate", func(o *Options) *int { return &o.Rate }),
}

func textOption(key string, of func(*Options) *string) option {
	return option{
		key:    key,
		write:  func(o *Options) string { return *of(o) },
		read:   func(o *Options, s string) error { return word(of(o), s, validOption) },
		forget: func(o *Options) { *of(o) = "" },
	}
}

func countOption(key string, of func(*Options) *int) option {
	return option{
		key: key,
		write: func(o *Options) string {
			if *of(o) == 0 {
				return ""
			}
			return strconv.Itoa(*of(o))
		},
		read: func(o *Options, s string) error {
			n, err := strconv.ParseUint(s, 10, 31)
			if err != nil || n == 0 {
				return fmt.Errorf("%s %s: want a whole number from 1 to %d", key, Quote(s), 1<<31-1)
			}
			*of(o) = int(n)
			return nil
		},
		forget: func(o *Options) { *of(o) = 0 },
	}
}

// Parts are the options that are not at their usual value, as names have them:
// "wait=epoll", "copy=0".
func (o Options) Parts() (parts []string) {
	for _, x := range options {
		if v := x.write(&o); v != "" {
			parts = append(parts, x.key+"="+v)
		}
	}
	return parts
}

// String is all of Parts for people: "wait=epoll batch=16", "" at the usual
// values.
func (o Options) String() string { return strings.Join(o.Parts(), " ") }

// Without returns o with the option of that key at its usual value.
func (o Options) Without(key string) Options {
	for _, x := range options {
		if x.key == key {
			x.forget(&o)
		}
	}
	return o
}

func compareOptions(a, b Options) int {
	for _, x := range options {
		v, w := x.write(&a), x.write(&b)
		if c := cmp.Or(cmp.Compare(len(v), len(w)), cmp.Compare(v, w)); c != 0 { // numbers by their value
			return c
		}
	}
	return 0
}
