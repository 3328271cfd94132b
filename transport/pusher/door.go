package pusher

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/transport/ws"
)

// connect lets a client in, or upgrades it all the same and then tells it why not: browsers cannot see an HTTP status,
// take it for a broken network, and try again for ever. The app is looked up before the upgrade, so that nothing waits
// half-open; what a client sends meanwhile waits in its socket.
//
// Source: Pusher docs, WebSocket protocol, "Connection".
func (h *Handler) connect(w http.ResponseWriter, r *http.Request, key string) {
	began := h.o.now()
	if err := h.acceptor.Check(r); err != nil {
		h.denyUpgrade(w, err)
		h.o.Listener.Connect("HANDSHAKE", h.o.now().Sub(began))
		return
	}
	if !h.connects.Take(h.o.ClientIP(r), began) {
		tooMany := refuseRate.error()
		w.Header().Set("Retry-After", "1")
		(&call{w: w}).refuse(tooMany, http.StatusTooManyRequests)
		h.o.Listener.Connect(tooMany.Code, h.o.now().Sub(began))
		return
	}
	app, refused := h.judge(r, key)
	err := h.acceptor.Accept(w, r, func(c *ws.Conn) ws.Handler {
		if refused == nil {
			var s *Socket
			if s, refused = h.admit(c, r, app, key); refused == nil {
				return s
			}
		}
		turnAway(c, h.o.codec, refused)
		return turnedAway{}
	})
	var handshake *ws.HandshakeError
	if errors.As(err, &handshake) {
		h.denyUpgrade(w, err)
	} // any other client left during the handshake
	code := ""
	if refused != nil {
		code = refused.Code
	}
	h.o.Listener.Connect(code, h.o.now().Sub(began))
}

// judge finds the app of a connect, and says what is wrong with that as far as it can be known before there is a
// connection.
func (h *Handler) judge(r *http.Request, key string) (*claims.App, *channel.Error) {
	if h.closing() {
		return nil, refuseClosing.error()
	}
	query := r.URL.Query()
	if refused := checkProtocol(query.Get("protocol"), query.Has("protocol")); refused != nil {
		return nil, refused
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.o.HTTPTimeout)
	defer cancel()
	app, err := h.o.Apps.ByKey(ctx, key)
	switch {
	case errors.Is(err, claims.ErrNoApp):
		return nil, refuseUnknownKey.error(key)
	case err != nil:
		if !errors.Is(err, claims.ErrAppsUnavailable) && ctx.Err() == nil {
			h.o.Logger.Error("app lookup failed", "error", err)
		}
		return nil, refuseLookup.error()
	case !app.Enabled:
		return nil, refuseDisabled.error()
	case app.AllowedOrigins != nil && !ws.OriginIn(app.AllowedOrigins, r.Header):
		return nil, refuseOrigin.error()
	}
	return app, nil
}

// closing says that the server stops.
func (h *Handler) closing() bool { return h.o.Draining() || h.acceptor.Draining() }

// maxTries is how many ids are tried for one connection. Of a billion connections one in a hundred billion finds its
// first taken.
const maxTries = 4

// admit makes a connection of a client whose app was found. It is asked again whether the server stops, since a drain
// that began meanwhile may not know of the connection.
func (h *Handler) admit(c *ws.Conn, r *http.Request, app *claims.App, key string) (*Socket, *channel.Error) {
	if h.closing() {
		return nil, refuseClosing.error()
	}
	p, err := h.present.enter(app)
	if err != nil {
		return nil, refuseLookup.error()
	}
	s := newSocket(c, p, client{app: app, key: key}, &h.o)
	if refused := h.seat(s, r); refused != nil {
		p.leave()
		return nil, refused
	}
	if refused := p.refused(); refused != nil {
		s.guest.Closed()
		p.leave()
		return nil, refused
	}
	c.LimitMessage(envelopeSize + int(min(app.MaxEventPayloadInKB, maxPayloadKB)*1024))
	p.tally.established(&s.count)
	s.say(&channel.Message{Kind: channel.KindConnected, Conn: &channel.ConnectionInfo{ID: s.client.socketID}})
	if app.EnableUserAuthentication {
		s.deadline = time.AfterFunc(h.o.UserAuthenticationTimeout, s.expire)
	}
	return s, nil
}

// seat finds a connection a place in its app, under an id that nobody has.
func (h *Handler) seat(s *Socket, r *http.Request) *channel.Error {
	request := actors.GuestRequest{
		Sink:           s,
		MaxConnections: s.client.app.MaxConnections,
		MaxChannels:    h.o.MaxChannels,
		SourceIP:       h.o.ClientIP(r),
		UserAgent:      r.UserAgent(),
	}
	for try := 1; ; try++ {
		request.ID = newSocketID(func(p []byte) { _, _ = rand.Read(p) }) // which never fails
		g, err := s.present.tenant.Admit(request)
		switch {
		case err == nil:
			s.guest, s.client.socketID = g, request.ID
			return nil
		case errors.Is(err, actors.ErrIDTaken) && try < maxTries:
		case errors.Is(err, channel.ErrUnavailable) && h.closing():
			return refuseClosing.error()
		default:
			return refuseQuota.error() // of the app, or of the whole server
		}
	}
}

// turnAway tells a client why it is not let in.
func turnAway(c *ws.Conn, codec channel.Codec, why *channel.Error) {
	end, _ := closeOf(why)
	c.Deliver(codec.Append(nil, &channel.Message{Kind: channel.KindError, Err: why}), true)
	c.Close(end.Code, end.Reason)
}

// turnedAway hears nothing of a client that was.
type turnedAway struct{}

func (turnedAway) Message([]byte)     {}
func (turnedAway) Binary([]byte)      {}
func (turnedAway) Closed(int, string) {}

// denyUpgrade answers a request that cannot become a WebSocket.
func (h *Handler) denyUpgrade(w http.ResponseWriter, err error) {
	e := &ws.HandshakeError{Status: http.StatusInternalServerError, Message: "The connection cannot be upgraded."}
	errors.As(err, &e)
	for name, values := range e.Header {
		w.Header()[name] = values
	}
	c := &call{w: w}
	c.refuse(&channel.Error{Message: e.Message}, e.Status)
}

// Drain lets no new connection in, and closes those that there are so that their clients come back at once: over
// ShutdownGrace, or over a time if that is not set. It returns when they are gone; when ctx is done the rest is cut.
// code and reason are of other protocols.
func (h *Handler) Drain(ctx context.Context, over time.Duration, _ int, _ string) {
	if h.o.ShutdownGrace != 0 {
		over = h.o.ShutdownGrace
	}
	end, _ := closeOf(refuseClosed.error())
	h.acceptor.Drain(ctx, over, end.Code, end.Reason)
}

// Close cuts every connection, and waits until the engine has been told.
func (h *Handler) Close() { h.acceptor.Close() }
