package docs

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// A menuEntry is one page in the menu.
type menuEntry struct {
	Address, Title string
	Here           bool
}

// A heading is one section in the list at a page's head.
type heading struct{ ID, Title string }

// render makes the HTML of one of the pages.
func render(pages []Page, i int) []byte {
	p := &pages[i]
	markdown := newMarkdown()
	doc := markdown.Parser().Parse(text.NewReader(p.Text))
	var sections []heading
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function below fails never
		if h, ok := n.(*ast.Heading); ok && entering && h.Level == 2 {
			id, _ := h.AttributeString("id")
			sections = append(sections, heading{string(id.([]byte)), plainText(h, p.Text)})
		}
		if link, ok := n.(*ast.Link); ok && entering {
			link.Destination = pageLink(link.Destination)
		}
		return ast.WalkContinue, nil
	})
	var body bytes.Buffer
	if err := markdown.Renderer().Render(&body, p.Text, doc); err != nil {
		panic(err) // a buffer takes everything
	}
	data := pageData{Title: p.Title, Name: p.Name, Menu: menu(pages, i), Body: template.HTML(body.String())}
	if len(sections) > 2 {
		data.Sections = sections
	}
	if i > 0 {
		data.Before = &data.Menu[i-1]
	}
	if i+1 < len(pages) {
		data.After = &data.Menu[i+1]
	}
	return data.execute()
}

// renderMissing makes what is shown in the place of a page that is not there.
func renderMissing(pages []Page) []byte {
	return pageData{
		Title: "No such page", Menu: menu(pages, -1), Base: Path,
		Body: `<h1>No such page</h1><p>It may have another name now. The menu has all pages.</p>`,
	}.execute()
}

// pageData is what the template shows.
type pageData struct {
	Title, Name   string
	Base          string // before addresses, where the page's own is not beside the others'
	Menu          []menuEntry
	Sections      []heading
	Body          template.HTML
	Before, After *menuEntry
}

func (d pageData) execute() []byte {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, d); err != nil {
		panic(err) // the template and its data are in the binary
	}
	return out.Bytes()
}

func menu(pages []Page, here int) []menuEntry {
	entries := make([]menuEntry, len(pages))
	for i := range pages {
		entries[i] = menuEntry{pages[i].address(), pages[i].Title, i == here}
	}
	return entries
}

// pageLink makes a link between files one between pages.
func pageLink(to []byte) []byte {
	file, fragment, _ := strings.Cut(string(to), "#")
	name, isPage := strings.CutSuffix(file, ".md")
	if !isPage || strings.Contains(name, "/") {
		return to
	}
	address := (&Page{Name: name}).address()
	if fragment != "" {
		address += "#" + fragment
	}
	return []byte(address)
}

// plainText is a node's text without its marks.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(source))
		} else {
			b.WriteString(plainText(c, source))
		}
	}
	return b.String()
}

func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(blocks{}, 100))),
	)
}

// blocks renders what may be wider than a phone so that it scrolls by itself, by finger and by keyboard.
type blocks struct{}

// RegisterFuncs names the blocks that are rendered here, in the place of goldmark's own.
func (blocks) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, renderFenced)
	r.Register(extast.KindTable, renderTable)
	r.Register(ast.KindHeading, renderHeading)
	r.Register(ast.KindHTMLBlock, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
		return ast.WalkSkipChildren, nil // marks of generated tables
	})
}

func renderTable(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">\n<table>\n")
	} else {
		_, _ = w.WriteString("</tbody>\n</table>\n</div>\n")
	}
	return ast.WalkContinue, nil
}

func renderHeading(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	n := node.(*ast.Heading)
	id, _ := n.AttributeString("id")
	if entering {
		fmt.Fprintf(w, `<h%d id="%s">`, n.Level, id)
	} else {
		if n.Level > 1 {
			fmt.Fprintf(w, `<a class="anchor" href="#%s" aria-label="Link to this section">#</a>`, id)
		}
		fmt.Fprintf(w, "</h%d>\n", n.Level)
	}
	return ast.WalkContinue, nil
}

func renderFenced(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.FencedCodeBlock)
	language, title := string(n.Language(source)), ""
	if n.Info != nil {
		if _, name, ok := strings.Cut(string(n.Info.Segment.Value(source)), " token="); ok {
			title = "Claims of " + name
		}
	}
	label := map[string]string{"frames": "Frames", "console": "Commands", "json": "JSON", "yaml": "Configuration", "js": "JavaScript", "printed": "What is printed"}[language]
	if title != "" {
		label = title
		fmt.Fprintf(w, `<p class="title">%s</p>`, html.EscapeString(title))
	}
	fmt.Fprintf(w, `<pre class="%s" tabindex="0" role="group" aria-label="%s"><code>`, html.EscapeString(language), html.EscapeString(label))
	class := ""
	for i := range n.Lines().Len() {
		segment := n.Lines().At(i)
		class = renderLine(w, language, class, strings.TrimRight(string(segment.Value(source)), "\n"))
	}
	_, _ = w.WriteString("</code></pre>\n")
	return ast.WalkSkipChildren, nil
}

// What a line of a block is, as classes of the style sheet.
const (
	lineSent  = "sent"
	lineGot   = "got"
	lineActs  = "act"
	lineTyped = "typed"
	lineOpen  = "typed open" // and goes on in the next line
	lineText  = "typed text" // and goes on there, within quotes
)

// renderLine marks who speaks in a transcript, and what is typed in a terminal. It returns the line's class,
// which the next one is given as before.
func renderLine(w util.BufWriter, language, before, line string) (class string) {
	name, rest, _ := strings.Cut(line, " ")
	switch {
	case language == "frames" && name == "":
		class = before
	case language == "frames" && strings.HasPrefix(rest, "> "):
		class = lineSent
	case language == "frames" && strings.HasPrefix(rest, "< "):
		class = lineGot
	case language == "frames":
		class = lineActs
	case language == "console" && (name == "$" || before == lineOpen || before == lineText):
		quoted := strings.Count(line, "'")%2 == 1
		switch {
		case quoted != (before == lineText):
			class = lineText
		case strings.HasSuffix(line, `\`):
			class = lineOpen
		default:
			class = lineTyped
		}
	}
	if name != "" && (class == lineSent || class == lineGot) {
		fmt.Fprintf(w, `<span class="who">%s</span> `, html.EscapeString(name))
		line = rest
	}
	if class == "" {
		_, _ = w.WriteString(html.EscapeString(line))
	} else {
		fmt.Fprintf(w, `<span class="%s">%s</span>`, class, html.EscapeString(line))
	}
	_ = w.WriteByte('\n') // what w cannot take, its Flush tells
	return class
}
