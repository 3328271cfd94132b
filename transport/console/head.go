package console

import (
	"bytes"
	_ "embed"
	"html/template"
)

// A head is what differs between the heads of pages.
type head struct {
	Title  string
	Styles []string // files beside the page, behind base.css and controls.css
	Script string   // the module that the page runs
}

//go:embed head.html
var headText string

var headTemplate = template.Must(template.New("head").Parse(headText))

// over returns the page of which body is all but the head.
func (h head) over(body []byte) []byte {
	var page bytes.Buffer
	if err := headTemplate.Execute(&page, h); err != nil {
		panic(err) // the template and what is put into it are in the binary
	}
	page.Write(body)
	return page.Bytes()
}
