package command

import (
	"slices"
	"testing"

	"ipcbench/choose"
	"ipcbench/semantics"
)

// The tables for choosing claim what the statements show: each that they name answers
// the table's question.
func TestChoicesAreTried(t *testing.T) {
	tried := choose.Tried()
	if len(tried) < 6 {
		t.Errorf("only %d questions have statements", len(tried))
	}
	for question, ids := range tried {
		if !slices.Contains(semantics.QuestionNames(), question) {
			t.Errorf("there is no question %q", question)
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			if c := semantics.Lookup(id); c == nil || !c.Asks(question) {
				t.Errorf("%s stands for %q, and does not answer it", id, question)
			}
		}
	}
}
