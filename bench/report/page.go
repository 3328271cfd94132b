package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed style.css page.html compare.html
var files embed.FS

var pages = template.Must(template.New("pages").Funcs(template.FuncMap{
	"num":   Number,
	"whole": whole,
	"title": (*Report).title,
	"text":  func(f Figure) string { return f.text(true) },
	"mark":  mark,
	"style": func() template.CSS {
		text, _ := files.ReadFile("style.css") // it is embedded
		return template.CSS(text)
	},
}).ParseFS(files, "*.html"))

// WriteHTML writes the page.
func (r *Report) WriteHTML(w io.Writer) error {
	if err := pages.ExecuteTemplate(w, "page.html", newPainter(r).view()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// mark is the class of what a verdict says.
func mark(says string) string {
	switch says {
	case ahead.String():
		return "good"
	case behind.String():
		return "bad"
	}
	return "soft"
}
