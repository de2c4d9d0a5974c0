package explain

import (
	"reflect"
	"testing"

	"ipcbench/mechanisms"
)

// Every limit that there is has a name: a new one must be listed too.
func TestEveryLimitIsListed(t *testing.T) {
	var l mechanisms.Limits
	fields := reflect.ValueOf(&l).Elem()
	for i := range fields.NumField() {
		fields.Field(i).Set(reflect.ValueOf(mechanisms.Limit{N: 4096 + i, Source: fields.Type().Field(i).Name}))
	}
	all := Limits(l)
	listed := map[string]bool{}
	for _, x := range all {
		listed[x.Source] = true
		if x.Of == "" || x.Number == "" {
			t.Errorf("the limit %s: of %q, %q", x.Source, x.Of, x.Number)
		}
	}
	for i := range fields.NumField() {
		if name := fields.Type().Field(i).Name; !listed[name] {
			t.Errorf("the limit %s is not listed", name)
		}
	}
	if all[0].Number != "4KiB" || Limits(mechanisms.Limits{}) != nil {
		t.Errorf("4096 bytes are %s, and no limits are %v", all[0].Number, Limits(mechanisms.Limits{}))
	}
}
