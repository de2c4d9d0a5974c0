package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"
	"sync"

	"ipcbench/results"
)

//go:embed page thirdparty/*.js
var files embed.FS

// page is parsed at its first use: every worker of a run has this package in
// it, and starts sooner without.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page.html.tmpl").Funcs(template.FuncMap{
		"heading": heading, "place": results.PlaceTitle, "detail": detail, "bytes": results.InBytes, "code": code, "quote": results.Quote,
		"librariesTitle": func() string { return librariesTitle }, "librariesLede": func() string { return librariesLede },
	}).ParseFS(files, "page/page.html.tmpl"))
})

// ours are the page's own scripts, in the order in which they are joined.
var ours = []string{"format", "state", "marks", "table", "tip", "lines", "dots", "map", "picture", "sections", "numbers", "advice", "comparison", "main"}

// WriteHTML writes the page as one file that needs no other and no network:
// style, scripts and data are in it, and its policy lets nothing else in. What
// a reader must know at once is text; the scripts draw the charts from the
// data. Equal pages give equal bytes. An error is the writer's, or names a
// number that JSON does not have.
func WriteHTML(w io.Writer, p *Page) error {
	blocks, left, err := fitted(p, pageBytes)
	if err != nil {
		return err
	}
	v := view{
		Page: p, Answers: newBoards(p), Sections: sectionsOf(p.Charts), Blocks: blocks, Front: front(p.Advice), CSV: CSVFile,
		Style: template.CSS(read("page/style.css")), Left: strings.Join(left, ", and "),
	}
	var own []string
	for _, name := range ours {
		own = append(own, read("page/"+name+".js"))
	}
	v.Own = template.JS(strings.Join(own, "\n"))
	var sources []string
	for _, script := range []string{read("thirdparty/d3.min.js"), read("thirdparty/plot.min.js")} {
		v.Scripts = append(v.Scripts, template.JS(script))
		sources = append(sources, hash(script))
	}
	sources = append(sources, hash(string(v.Own)))
	v.Policy = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src " + hash(string(v.Style)) +
		"; script-src " + strings.Join(sources, " ")
	return page().Execute(w, v)
}

// view is what the template shows.
type view struct {
	Page     *Page
	Answers  []board
	Sections []section
	Policy   string
	Style    template.CSS
	Scripts  []template.JS // of others
	Own      template.JS   // a module: it waits for the first block
	Blocks   []block
	Left     string // out of the blocks; "": nothing
	Front    string // the sentence for the first question
	CSV      string // the name of the file beside
}

// read returns an embedded file.
func read(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err) // a name in this package is wrong
	}
	return string(text)
}

// hash is how a policy names an inline script or style that it lets in.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// code is a text with what stands between backquotes as code.
func code(s string) template.HTML {
	parts := strings.Split(s, "`")
	for i, part := range parts {
		if parts[i] = template.HTMLEscapeString(part); i%2 == 1 {
			parts[i] = "<code>" + parts[i] + "</code>"
		}
	}
	return template.HTML(strings.Join(parts, ""))
}

// heading is what of a warning comes before its why; detail is the rest.
func heading(warning string) string { what, _, _ := strings.Cut(warning, ": "); return what }

func detail(warning string) string { _, why, _ := strings.Cut(warning, ": "); return why }
