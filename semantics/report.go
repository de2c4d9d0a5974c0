package semantics

// Schema is the version of a report's form. A reader refuses any other.
const Schema = "ipcbench-semantics-1"

// Report is what the statements came to on one kernel.
type Report struct {
	Schema   string    `json:"schema"`
	Program  string    `json:"program,omitempty"` // version of the program that checked
	Host     Host      `json:"host"`
	Findings []Finding `json:"findings"` // in the order of Checks
}

// Finding is what one check came to. It repeats the statement, so that a report
// can be read by a program that has other checks.
type Finding struct {
	ID        string  `json:"id"`
	Mechanism string  `json:"mechanism"`
	Statement string  `json:"statement"`
	Expect    string  `json:"expect,omitempty"` // with this kernel's numbers; "" if nothing is promised
	Source    string  `json:"source"`
	Since     string  `json:"since,omitempty"`
	Verdict   Verdict `json:"verdict"`
	Observed  string  `json:"observed,omitempty"` // with holds, differs and recorded
	Reason    string  `json:"reason,omitempty"`   // with skipped and broken
	Story     []Event `json:"story,omitempty"`
}

// Count is how many findings have the verdict.
func (r *Report) Count(v Verdict) (n int) {
	for i := range r.Findings {
		if r.Findings[i].Verdict == v {
			n++
		}
	}
	return n
}

// Finding returns that of an ID, or nil.
func (r *Report) Finding(id string) *Finding {
	for i := range r.Findings {
		if r.Findings[i].ID == id {
			return &r.Findings[i]
		}
	}
	return nil
}

func (c *Check) finding() Finding {
	return Finding{ID: c.ID, Mechanism: c.Mechanism, Statement: c.Statement, Source: c.Source, Since: c.Since}
}
