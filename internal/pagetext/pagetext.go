// Package pagetext makes the data of a report's page readable, for tests.
package pagetext

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"regexp"
)

var blocks = regexp.MustCompile(`(<script type="application/json" id="[^"]+">)"([^"<]*)"(</script>)`)

// Unpacked is a page with the text of its blocks of data in their place.
func Unpacked(page []byte) (text []byte, err error) {
	text = blocks.ReplaceAllFunc(page, func(block []byte) []byte {
		m := blocks.FindSubmatch(block)
		data, failed := Block(string(m[2]))
		if failed != nil {
			err = fmt.Errorf("%s: %w", m[1], failed)
		}
		return append(append(m[1], data...), m[3]...)
	})
	return text, err
}

// Block is what a block of data holds: base64 of what deflate made.
func Block(text string) ([]byte, error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
}
