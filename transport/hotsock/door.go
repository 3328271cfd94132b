package hotsock

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/transport/ws"
)

// Subprotocol is what a client offers beside "token.<jwt>" when it sends its token as a subprotocol, which is
// the only header that browsers let it choose. It is selected if it is offered, as browsers demand; none
// other ever is.
const Subprotocol = "hotsock.v1"

const tokenPrefix = "token."

// connect lets a client in, or refuses it by an HTTP status: never by an open socket that is then closed,
// which clients take for success. The order is what the request is, where it comes from, and only then its
// token, which Admit may spend.
//
// Source: Hotsock docs, Connections, "Connecting"; the statuses are this server's choice.
func (h *Handler) connect(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	code := h.admit(w, r)
	h.o.Listener.Connect(code, time.Since(began))
}

// admit returns the code of the refusal, "" if there was none.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request) string {
	if h.o.Draining() {
		return h.deny(w, r, channel.ErrUnavailable)
	}
	if err := h.o.Acceptor.Check(r); err != nil {
		return h.deny(w, r, err)
	}
	if n := len(r.URL.RequestURI()); n > h.o.MaxURL {
		return h.deny(w, r, errURLTooLong.With("The address has %d bytes; at most %d are allowed.", n, h.o.MaxURL))
	}
	ip := h.o.ClientIP(r)
	if !h.connects.Take(ip, h.o.now()) {
		return h.deny(w, r, channel.ErrRateLimited)
	}
	token := connectToken(r)
	if token == "" {
		return h.deny(w, r, errInvalidConnectToken.With("A connect token is required: ?token=<jwt>."))
	}
	// Without a time limit of its own: Admit waits for nobody.
	a, err := h.o.engine.Admit(r.Context(), actors.ConnectRequest{App: h.o.App, Token: token, SourceIP: ip, UserAgent: r.UserAgent()})
	if err != nil {
		return h.deny(w, r, connectRefusal(err))
	}
	err = h.o.Acceptor.Accept(w, r, func(c *ws.Conn) ws.Handler {
		s := newSocket(c, &h.o)
		s.client = a.Open(s)
		return s
	})
	var handshake *ws.HandshakeError
	if errors.As(err, &handshake) {
		return h.deny(w, r, err)
	}
	return "" // a client that left during the handshake is nobody's fault
}

// deny answers a connect that is refused, and returns the code.
func (h *Handler) deny(w http.ResponseWriter, r *http.Request, err error) string {
	secure(w.Header())
	var handshake *ws.HandshakeError
	if errors.As(err, &handshake) {
		for name, values := range handshake.Header {
			w.Header()[name] = values
		}
		code := handshake.Code
		if statusOf[code] == 0 {
			code = channel.ErrInternal.Code
		}
		e := &channel.Error{Code: code, Message: handshake.Message}
		writeJSON(w, handshake.Status, append(appendRefusal([]byte(`{"error":`), e), '}'))
		return code
	}
	refused := h.refusal(r, "connect", err)
	writeRefusal(w, refused)
	return refused.Code
}

// connectRefusal tells tokens that are no good from those that are not for this.
func connectRefusal(err error) error {
	reason := claims.ReasonOf(err)
	if reason == "" {
		return err
	}
	base := errInvalidConnectToken
	if reason.Forbidden() {
		base = errConnectDenied
	}
	detail := claims.ErrSpent.Error()
	var e *claims.Error
	if errors.As(err, &e) {
		detail = e.Detail
	}
	return base.With("%s: %s.", strings.TrimSuffix(base.Message, "."), detail)
}

// connectToken finds the token that a connect brings: in the query, which is the protocol's own place, as
// bearer, or as subprotocol.
func connectToken(r *http.Request) string {
	if token := r.URL.Query().Get("token"); token != "" {
		return token
	}
	if token := bearer(r); token != "" {
		return token
	}
	token, offered := "", false
	for _, line := range r.Header["Sec-Websocket-Protocol"] {
		for offer := range strings.SplitSeq(line, ",") {
			offer = strings.TrimSpace(offer)
			if offer == Subprotocol {
				offered = true
			} else if t, ok := strings.CutPrefix(offer, tokenPrefix); ok && token == "" {
				token = t
			}
		}
	}
	if !offered {
		return ""
	}
	return token
}

// bearer returns the credentials of an Authorization header of the scheme Bearer (RFC 6750), "" without one.
func bearer(r *http.Request) string {
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(credentials)
}

// wantsUpgrade says whether a request asks for a WebSocket at all, well or badly.
func wantsUpgrade(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }
