package command

import (
	"encoding/json"

	"ipcbench/external"
	"ipcbench/external/declare"
)

// externals are the declarations of the external transports that this command knows,
// for the header of a run; nil: none.
func externals() (json.RawMessage, error) {
	if external.All() == nil {
		return nil, nil
	}
	return json.Marshal(external.All())
}

// restoreExternals registers the external transports of a run that goes on. A program
// that is no longer the one that was measured is refused.
func restoreExternals(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var all []*external.Declaration
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	for _, d := range all {
		if err := declare.Unchanged(d); err != nil {
			return err
		}
	}
	return external.Ensure(all)
}
