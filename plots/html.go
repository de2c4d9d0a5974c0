package plots

import (
	"html/template"
	"io"
)

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>ipcbench: {{.Title}}</title>
<h1>ipcbench: {{.Title}}</h1>
`))

// WriteHTML writes the page.
func WriteHTML(w io.Writer, p *Page) error { return pageTemplate.Execute(w, p) }
