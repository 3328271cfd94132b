package console

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"unicode"
)

// maxNameLength bounds a display name, in characters: every member of the lobby is sent to every other.
const maxNameLength = 32

// demoNames are handed out in this order, from a random start.
var demoNames = []string{
	"Otter", "Badger", "Heron", "Lynx", "Newt", "Puffin", "Marten", "Wren", "Hedgehog", "Kestrel", "Vole", "Ibex",
	"Magpie", "Stoat", "Curlew", "Fox", "Tapir", "Gecko", "Quokka", "Beaver", "Plover", "Ocelot", "Toad", "Siskin",
	"Capybara", "Lemur", "Jackdaw", "Hare", "Narwhal", "Egret", "Numbat", "Raccoon", "Okapi", "Finch", "Walrus", "Bison",
}

// sessions answers GET /demo/session?uid=…&name=… with who the tab is and a fresh connect token.
//
// A tab that comes without a uid, or with one that is not well formed, is given a new one; one without
// a name gets the next animal. Nobody is asked who they are, so the token must allow no more than
// DemoClaims does.
type sessions struct {
	token    func(uid, name string) (string, error)
	commands []string
	logger   *slog.Logger
	turn     atomic.Uint32
}

// A session is the body of the answer.
type session struct {
	Token    string   `json:"token"`
	UID      string   `json:"uid"`
	Name     string   `json:"name"`
	Color    string   `json:"color"`
	Commands []string `json:"commands"`
}

func newSessions(o DemoOptions) *sessions {
	s := &sessions{token: o.Token, commands: append([]string{}, o.Commands...), logger: o.Logger}
	s.turn.Store(mathrand.Uint32N(uint32(len(demoNames))))
	return s
}

var validUID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ServeHTTP answers 200 with a session, 403 to another site's page, 500 if no token could be signed.
func (s *sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Sec-Fetch-Site, Origin")
	if !sameOrigin(r) {
		writeError(w, http.StatusForbidden, "FORBIDDEN", "Only the demo page of this server may ask.")
		return
	}

	turn := s.turn.Add(1)
	query := r.URL.Query()
	uid, name := query.Get("uid"), cleanName(query.Get("name"))
	if !validUID.MatchString(uid) {
		uid = newUID(demoColors[int(turn)%len(demoColors)])
	}
	if name == "" {
		name = demoNames[int(turn)%len(demoNames)]
	}

	token, err := s.token(uid, name)
	if err != nil {
		s.logger.Error("demo session", "uid", uid, "error", err)
		writeError(w, http.StatusInternalServerError, "INTERNAL_ERROR", "No token could be signed.")
		return
	}
	writeJSON(w, http.StatusOK, session{
		Token: token, UID: uid, Name: name, Color: DemoColor(uid), Commands: s.commands,
	})
}

// newUID returns a random uid whose DemoColor is color, so that the first tabs all differ.
func newUID(color string) string {
	for {
		if uid := "tab-" + strings.ToLower(rand.Text()[:12]); DemoColor(uid) == color {
			return uid
		}
	}
}

// cleanName makes a display name of anything: one line, trimmed, at most maxNameLength characters,
// without control characters and without those that turn the direction of the text after them.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if runes := []rune(strings.TrimSpace(name)); len(runes) > maxNameLength {
		name = string(runes[:maxNameLength])
	}
	return strings.TrimSpace(name)
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a browser that left needs no answer
}
