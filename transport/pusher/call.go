package pusher

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// A call is one request to the HTTP API.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	ctx   context.Context // ends with the time limit
	path  string          // as it was written
	names []string        // what stood in the place of each anySegment, unescaped
	began time.Time
	class class

	app      *claims.App
	params   *params
	body     []byte
	verified bool // app has signed the call

	status int
	sent   int // bytes of the answer's body
}

// authorize finds the app of a call and has it prove that it is the caller. What needs no body is checked before
// that is read, and nothing in it is looked at before its signature is.
func (h *Handler) authorize(c *call) error {
	if c.r.ContentLength > int64(h.o.MaxBody) {
		return refuseBody.error()
	}
	app, err := h.o.Apps.ByID(c.ctx, c.names[0])
	switch {
	case errors.Is(err, claims.ErrNoApp):
		return refuseUnknownApp.error(c.names[0])
	case errors.Is(err, claims.ErrAppsUnavailable), err != nil && c.ctx.Err() != nil:
		return refuseNoLookup.error()
	case err != nil:
		return err
	case !app.Enabled:
		return refuseDisabledApp.error()
	}
	c.app = app
	var refused *channel.Error
	if c.params, refused = readParams(c.r.URL.RawQuery); refused != nil {
		return refused
	}
	if refused := c.params.check(app, c.began, max(0, h.o.TimestampTolerance)); refused != nil {
		return refused
	}
	if c.body, err = readBody(c, h.o.MaxBody); err != nil {
		return err
	}
	if refused := c.params.verify(app, c.r.Method, c.path, c.body); refused != nil {
		return refused
	}
	c.verified = true
	_ = h.spend(c, 0) // says how much is left, even in a refusal
	return nil
}

// trusted is how many bytes are set aside for a body on the word of a caller who has proved nothing yet.
const trusted = 64 << 10

// readBody reads a body of at most limit bytes.
func readBody(c *call, limit int) ([]byte, error) {
	body := http.MaxBytesReader(c.w, c.r.Body, int64(limit))
	var data bytes.Buffer
	data.Grow(int(min(max(c.r.ContentLength, 0), trusted)) + bytes.MinRead)
	_, err := data.ReadFrom(body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refuseBody.error()
	case err != nil:
		return nil, refuseData.error() // the caller is at fault, or gone
	}
	return data.Bytes(), nil
}

// spend takes cost from what the app may do in this second. A refused call spends nothing.
func (h *Handler) spend(c *call, cost int) error {
	limit := -1
	switch c.class {
	case backendEvents:
		limit = c.app.MaxBackendEventsPerSecond
	case reads:
		limit = c.app.MaxReadRequestsPerSecond
	}
	if limit < 0 {
		return nil
	}
	ok, left, wait := h.limits.take(windowOf{c.app.Namespace(), c.class}, h.o.now(), cost, limit)
	limitHeaders(c.w.Header(), limit, left)
	if ok {
		return nil
	}
	c.w.Header().Set("Retry-After", retryAfter(wait))
	h.o.Listener.Limited(c.app.ID)
	return refuseRate.error()
}

// refuse answers with an error, and logs it if it is the server's fault. The request's query holds signatures, and
// is not logged.
func (h *Handler) refuse(c *call, rt *route, err error) {
	e, status, fault := answerOf(err)
	if fault && c.ctx.Err() != nil {
		// It was not answered in time, or nobody waits any more.
		e, status, fault = refuseBusy.error(), http.StatusServiceUnavailable, false
	}
	if fault {
		h.o.Logger.Error("request failed", "route", rt.name, "method", c.r.Method, "error", err)
	}
	if status == http.StatusServiceUnavailable {
		c.w.Header().Set("Retry-After", "1")
	}
	c.refuse(e, status)
}

// refuse answers {"error":"…","code":status}.
func (c *call) refuse(e *channel.Error, status int) {
	b := appendString([]byte(`{"error":`), e.Message)
	b = strconv.AppendInt(append(b, `,"code":`...), int64(status), 10)
	c.answer(status, append(b, '}'))
}

// answer sends a JSON body.
func (c *call) answer(status int, body []byte) { c.write(status, "application/json", body) }

// text sends a plain one.
func (c *call) text(status int, body string) error {
	c.write(status, "text/plain; charset=utf-8", []byte(body))
	return nil
}

func (c *call) write(status int, contentType string, body []byte) {
	c.status = status
	c.w.Header().Set("Content-Type", contentType)
	c.w.WriteHeader(status)
	c.sent, _ = c.w.Write(body) // a client that is gone is told nothing
}
