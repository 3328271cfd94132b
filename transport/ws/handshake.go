package ws

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// A HandshakeError is a refused upgrade. Nothing has been written: the caller answers with Status and
// Header, in its own form of error.
type HandshakeError struct {
	Status  int         // 400, 403, 405, 426, 500 or 503
	Code    string      // BAD_REQUEST, ORIGIN_DENIED, METHOD_NOT_ALLOWED, UPGRADE_REQUIRED, INTERNAL, UNAVAILABLE
	Message string      // a sentence for people
	Header  http.Header // to be added to the response; may be nil
}

// Error is the message.
func (e *HandshakeError) Error() string { return "ws: " + e.Message }

// retryAfter is how many seconds a refused client is asked to wait while we drain.
const retryAfter = "5"

// Check says whether r may be upgraded: nil, or a *[HandshakeError]. It writes and changes nothing, so that
// a protocol can refuse a bad request before it spends a single-use token on it. RFC 6455 section 4.2.1.
func (a *Acceptor) Check(r *http.Request) error {
	refuse := func(status int, code, message string, header ...string) error {
		e := &HandshakeError{Status: status, Code: code, Message: message}
		for i := 0; i+1 < len(header); i += 2 {
			if e.Header == nil {
				e.Header = http.Header{}
			}
			e.Header.Set(header[i], header[i+1])
		}
		return e
	}
	h := r.Header
	switch {
	case r.Method != http.MethodGet:
		return refuse(405, "METHOD_NOT_ALLOWED", "A WebSocket handshake is a GET request.", "Allow", "GET")
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return refuse(426, "UPGRADE_REQUIRED", "A WebSocket handshake needs HTTP/1.1.", "Upgrade", "websocket")
	case !hasToken(h["Upgrade"], "websocket") || !hasToken(h["Connection"], "upgrade"):
		return refuse(426, "UPGRADE_REQUIRED", "This address takes WebSocket connections only.",
			"Upgrade", "websocket", "Connection", "Upgrade")
	case len(h["Sec-Websocket-Version"]) != 1 || h.Get("Sec-WebSocket-Version") != "13":
		return refuse(426, "UPGRADE_REQUIRED", "Only WebSocket version 13 is spoken.",
			"Upgrade", "websocket", "Sec-WebSocket-Version", "13")
	case !goodKey(h["Sec-Websocket-Key"]):
		return refuse(400, "BAD_REQUEST", "Sec-WebSocket-Key must be 16 bytes in base64.")
	case !a.allowed(h["Origin"]):
		return refuse(403, "ORIGIN_DENIED", "This origin may not connect.")
	case a.draining.Load() && (!a.opts.LateUpgrades || a.leaving.Load()):
		return refuse(503, "UNAVAILABLE", "The server is going away.", "Retry-After", retryAfter)
	}
	return nil
}

// hasToken says whether a list header has a token, in any case.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

func goodKey(lines []string) bool {
	if len(lines) != 1 || len(lines[0]) != 24 {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(lines[0])
	return err == nil && len(key) == 16
}

// allowed checks the Origin header against the list. There is none from programs, and one from browsers.
func (a *Acceptor) allowed(lines []string) bool {
	if len(a.origins) == 0 || len(lines) == 0 {
		return true
	}
	origin, err := canonicalOrigin(lines[0])
	return err == nil && len(lines) == 1 && a.origins[origin]
}

// OriginIn says whether a request's Origin is one of list, as [Options.Origins] says: who has none is no browser, and may
// come from anywhere. What is no origin in list is nobody's.
func OriginIn(list []string, h http.Header) bool {
	lines := h["Origin"]
	if len(lines) == 0 {
		return true
	}
	origin, err := canonicalOrigin(lines[0])
	if err != nil || len(lines) != 1 {
		return false
	}
	for _, allowed := range list {
		if o, err := canonicalOrigin(allowed); err == nil && o == origin {
			return true
		}
	}
	return false
}

// subprotocol selects ours that the client offers, or none.
func (a *Acceptor) subprotocol(h http.Header) string {
	for _, p := range a.opts.Subprotocols {
		for _, line := range h["Sec-Websocket-Protocol"] {
			for offer := range strings.SplitSeq(line, ",") {
				if strings.TrimSpace(offer) == p {
					return p
				}
			}
		}
	}
	return ""
}
