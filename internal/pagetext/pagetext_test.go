package pagetext

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"testing"
)

func TestUnpacked(t *testing.T) {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	w.Write([]byte(`{"a":1}`))
	w.Close()
	page := `<script type="application/json" id="data">"` + base64.StdEncoding.EncodeToString(b.Bytes()) + `"</script>`
	if text, err := Unpacked([]byte(page)); err != nil || string(text) != `<script type="application/json" id="data">{"a":1}</script>` {
		t.Errorf("%s, %v", text, err)
	}
}
