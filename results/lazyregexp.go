package results

import (
	"regexp"
	"sync"
)

// form is a regular expression that is compiled when it is first needed: every
// worker of a launch has this package in it, and matches nothing.
type form struct {
	expr    string
	compile func() *regexp.Regexp
}

func newForm(expr string) form {
	return form{expr, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

func (f form) MatchString(s string) bool { return f.compile().MatchString(s) }

func (f form) String() string { return f.expr }
