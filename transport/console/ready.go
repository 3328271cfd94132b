package console

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
)

// Ready is what a development server hands to its console.
type Ready struct {
	Token  string `json:"token"`  // to connect with, and to update umd
	APIKey string `json:"apiKey"` // for the server's side
}

// readyUID is who a console is that does not say who it is.
const readyUID = "dev"

// What a console may ask to be signed, in bytes. The first is what tokens may have by default.
const (
	maxReadyUMD = 1 << 10
	maxClaims   = 16 << 10
)

// own reports whether a request comes from this server's own page, opened by a loopback address, and refuses it
// if not: a foreign name that leads to this machine makes its page one of our origin.
func own(w http.ResponseWriter, r *http.Request) bool {
	if sameOrigin(r) && loopbackHost(r.Host) {
		return true
	}
	writeError(w, http.StatusForbidden, "FORBIDDEN", "Only the console of this server may ask, opened by a loopback address.")
	return false
}

func uncached(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Sec-Fetch-Site, Origin")
}

// ready answers GET /console/ready?uid=&umd=: 200 with credentials, 204 where there are none, 403 to another
// site's page and to one that was reached by a name.
func (o Options) ready(w http.ResponseWriter, r *http.Request) {
	uncached(w)
	if o.Ready == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !own(w, r) {
		return
	}
	uid, umd := r.URL.Query().Get("uid"), r.URL.Query().Get("umd")
	if uid == "" {
		uid = readyUID
	}
	switch {
	case !validUID.MatchString(uid):
		writeError(w, http.StatusBadRequest, "INVALID_MESSAGE", "uid must be 1 to 64 letters, digits, _ or -.")
		return
	case umd != "" && (len(umd) > maxReadyUMD || !json.Valid([]byte(umd))):
		writeError(w, http.StatusBadRequest, "INVALID_MESSAGE", "umd must be JSON of at most 1,024 bytes.")
		return
	}
	var raw json.RawMessage
	if umd != "" {
		raw = json.RawMessage(umd)
	}
	ready, err := o.Ready(uid, raw)
	if err != nil {
		o.Logger.Error("console credentials", "error", err)
		writeError(w, http.StatusInternalServerError, "INTERNAL_ERROR", "No token could be signed.")
		return
	}
	writeJSON(w, http.StatusOK, ready)
}

// sign answers POST /console/token, whose body is the claims: 200 with {"token":…}, 400 with what is wrong with
// them, 404 where nothing is signed, and 403 as ready does.
func (o Options) sign(w http.ResponseWriter, r *http.Request) {
	uncached(w)
	if o.Sign == nil {
		writeError(w, http.StatusNotFound, "NOT_FOUND", "This server signs no tokens: a development server does.")
		return
	}
	if !own(w, r) {
		return
	}
	claims, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxClaims))
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", "Claims have at most 16,384 bytes here.")
		return
	}
	token, err := o.Sign(claims)
	if err != nil {
		writeError(w, http.StatusBadRequest, "INVALID_MESSAGE", strings.TrimSuffix(err.Error(), ".")+".")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"token": token})
}

// loopbackHost reports whether a Host can only mean the machine itself.
func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
