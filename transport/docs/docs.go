package docs

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"dormouse/transport/look"
	"dormouse/transport/schema"
)

// Path is where Handler has to be mounted: it serves this path and all below it.
const Path = "/docs/"

// order is the pages as the menu has them, by the names of their files without .md.
var order = []string{
	"index", "tokens", "channels", "messages", "storage", "schedules", "presence", "metadata", "events",
	"http", "errors", "console", "configuration", "operations", "hotsock", "pusher", "soketi",
}

//go:embed pages/*.md style.css
var files embed.FS

// A Page is one file of pages/.
type Page struct {
	Name  string // the file's, without .md; its path below Path, but for index
	Title string // its first heading
	Text  []byte // Markdown; not to be changed
}

// Pages returns all pages in the order of the menu. They are in the binary, so that nothing can fail.
func Pages() []Page {
	pages := make([]Page, len(order))
	for i, name := range order {
		text, err := files.ReadFile("pages/" + name + ".md")
		if err != nil {
			panic(err) // order names a page that is not there
		}
		title, _, _ := bytes.Cut(bytes.TrimPrefix(text, []byte("# ")), []byte("\n"))
		pages[i] = Page{Name: name, Title: string(title), Text: text}
	}
	return pages
}

// address is where a page is found from any other one.
func (p *Page) address() string {
	if p.Name == "index" {
		return "./"
	}
	return p.Name
}

// Handler serves the pages, their Markdown and what they need, and the documents of package schema as openapi.json
// and asyncapi.json, to be mounted at Path. It may be used from
// many goroutines at once.
func Handler() http.Handler {
	answers := sync.OnceValue(answers)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET, please.", http.StatusMethodNotAllowed)
			return
		}
		all := answers()
		name := strings.TrimPrefix(r.URL.Path, Path)
		if found := all[name]; found != nil {
			if strings.HasSuffix(name, ".json") { // tools elsewhere read what is for them
				w.Header().Set("Access-Control-Allow-Origin", "*")
				w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
			}
			found.ServeHTTP(w, r)
			return
		}
		missing := all[nowhere]
		w.Header().Set("Content-Type", missing.contentType)
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write(missing.body) // who went away needs no answer
	})
}

// nowhere is the name of what those see who ask for a page that is not there. No path has a slash first.
const nowhere = "/"

// answers makes everything that can be asked for, by path below Path.
func answers() map[string]*answer {
	all := map[string]*answer{}
	pages := Pages()
	for i := range pages {
		name := pages[i].Name
		if name == "index" {
			name = ""
		}
		all[name] = newAnswer("text/html; charset=utf-8", render(pages, i))
		all[pages[i].Name+".md"] = newAnswer("text/markdown; charset=utf-8", pages[i].Text)
	}
	all["openapi.json"] = newAnswer("application/json", schema.OpenAPI())
	all["asyncapi.json"] = newAnswer("application/json", schema.AsyncAPI())
	style, err := files.ReadFile("style.css")
	if err != nil {
		panic(err) // it is in the binary
	}
	all["style.css"] = newAnswer("text/css; charset=utf-8", slices.Concat(look.CSS, style))
	all["icon.svg"] = newAnswer("image/svg+xml", look.Icon)
	all[nowhere] = newAnswer("text/html; charset=utf-8", renderMissing(pages))
	return all
}

// An answer is one thing to be sent.
type answer struct {
	contentType, etag string
	body              []byte
}

func newAnswer(contentType string, body []byte) *answer {
	sum := sha256.Sum256(body)
	return &answer{contentType, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, body}
}

// ServeHTTP sends it, or 304 to a browser that has it. Browsers ask every time: a page that outlived an
// upgrade of the server is worse than one small question.
func (a *answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, bytes.NewReader(a.body))
}

// secure lets a page have its own style and nothing else, and be nobody's frame.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
