package console

import (
	"embed"
	"log/slog"
	"net/http"
)

// DemoPath is where Demo's handler has to be mounted: it serves this path and all below it.
const DemoPath = "/demo/"

// DemoOptions says what the demo page needs from the server around it.
type DemoOptions struct {
	// Token signs a connect token for one tab. It should carry DemoClaims(uid, name, DemoColor(uid))
	// and live shortly (a minute is plenty): the page fetches a new one before every connection.
	// uid is 1 to 64 characters of A-Z a-z 0-9 _ -, name 1 to 32 characters of any text.
	// Called from many goroutines at once. Required.
	Token func(uid, name string) (token string, err error)

	// Commands are command lines a newcomer can paste into a terminal, shown in this order, each with
	// a button that copies it. None by default.
	Commands []string

	// Logger hears of tokens that could not be signed. slog.Default by default.
	Logger *slog.Logger
}

//go:embed demo
var demoFiles embed.FS

// Demo returns the handler of the demo page, to be mounted at DemoPath on the origin that also serves
// the WebSocket at /v1.
//
// It serves the page at /demo/, its files beside it and GET /demo/session, which answers the page and
// refuses other sites. It needs no cookie and keeps no state but the turn in its list of names.
//
// Demo panics if o.Token is nil. The handler may be used from many goroutines at once.
func Demo(o DemoOptions) http.Handler {
	if o.Token == nil {
		panic("console: DemoOptions.Token is nil")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}

	mux := http.NewServeMux()
	mux.Handle("GET "+DemoPath+"session", newSessions(o))
	mountFiles(mux, DemoPath, demoFiles, "demo", head{"Lobby", []string{"page.css", "scene.css", "frames.css"}, "lobby.js"})
	return secure(mux)
}
