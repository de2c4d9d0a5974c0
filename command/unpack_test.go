package command

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var blocks = regexp.MustCompile(`(<script type="application/json" id="[^"]+">)"([^"<]*)"(</script>)`)

// unpacked is a page with the text of its blocks of data in their place.
func unpacked(page []byte) (text []byte, err error) {
	text = blocks.ReplaceAllFunc(page, func(block []byte) []byte {
		m := blocks.FindSubmatch(block)
		packed, failed := base64.StdEncoding.DecodeString(string(m[2]))
		if failed == nil {
			packed, failed = io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
		}
		if failed != nil {
			err = fmt.Errorf("%s: %w", m[1], failed)
		}
		return append(append(m[1], packed...), m[3]...)
	})
	return text, err
}

// unpack is a script's command: `unpack PAGE` makes the text of a page's data readable.
func unpack(ts *testscript.TestScript, _ bool, args []string) {
	text, err := unpacked([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o644))
}

func TestUnpacked(t *testing.T) {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write([]byte(`{"a":1}`))
	w.Close()
	page := `<script type="application/json" id="data">"` + base64.StdEncoding.EncodeToString(b.Bytes()) + `"</script>`
	if text, err := unpacked([]byte(page)); err != nil || string(text) != `<script type="application/json" id="data">{"a":1}</script>` {
		t.Errorf("%s, %v", text, err)
	}
}
