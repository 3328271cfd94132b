package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"path"
	"time"

	"dormouse/transport/look"
)

//go:embed shared
var sharedFiles embed.FS

// contentTypes names every kind of file that pages are made of. The table of the machine is not asked: it may call
// a module text/plain, which browsers then refuse to run.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// A file is one embedded file, ready to be sent.
type file struct {
	name        string
	contentType string
	etag        string
	body        []byte
}

// mountFiles serves each file of a folder below at, and what pages share beside them: the base of their
// style, the icon and the files of shared/. index.html, below its head, is also the page at itself.
func mountFiles(mux *http.ServeMux, at string, files embed.FS, folder string, h head) {
	mount := func(name string, body []byte) {
		if name == "index.html" {
			body = h.over(body)
		}
		f := newFile(name, body)
		mux.Handle("GET "+at+name, f)
		if name == "index.html" {
			mux.Handle("GET "+at+"{$}", f)
		}
	}
	for _, from := range []struct {
		files  embed.FS
		folder string
	}{{files, folder}, {sharedFiles, "shared"}} {
		entries, err := from.files.ReadDir(from.folder)
		if err != nil {
			panic(err) // the files are in the binary
		}
		for _, entry := range entries {
			body, err := from.files.ReadFile(path.Join(from.folder, entry.Name()))
			if err != nil {
				panic(err)
			}
			mount(entry.Name(), body)
		}
	}
	mount("base.css", look.CSS)
	mount("icon.svg", look.Icon)
}

// newFile panics on a kind contentTypes does not know: such a file would leave under a guessed type.
func newFile(name string, body []byte) *file {
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		panic(fmt.Sprintf("console: no content type for %s", name))
	}
	sum := sha256.Sum256(body)
	return &file{
		name:        name,
		contentType: contentType,
		etag:        `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		body:        body,
	}
}

// ServeHTTP sends the file, or 304 to a browser that has it. Browsers ask every time: a page that
// outlived an upgrade of the server is worse than one small question.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.body))
}
