package hotsock

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"dormouse/actors/channel"
	"dormouse/actors/courier"
)

// eventRoutes are the calls about backend events that an endpoint never took. They are our own: Hotsock
// leaves them to the queues behind its events. They want an API key: a token is for channels.
func eventRoutes() []route {
	return []route{
		{http.MethodGet, []string{"events", "dead"}, "dead letters", true, "", (*Handler).deadLetters},
		{http.MethodDelete, []string{"events", "dead"}, "delete dead letters", true, "", (*Handler).deleteDeadLetters},
		{http.MethodPost, []string{"events", "dead", "replay"}, "replay dead letters", true, "", (*Handler).replayDeadLetters},
		{http.MethodDelete, []string{"events", "dead", anySegment}, "delete dead letter", true, "", (*Handler).deleteDeadLetter},
		{http.MethodPost, []string{"events", "dead", anySegment, "replay"}, "replay dead letter", true, "", (*Handler).replayDeadLetter},
	}
}

// maxLetters is how many dead letters one page has at most.
const maxLetters = 100

// courier returns who takes events to backends.
func (h *Handler) courier() (*courier.Courier, error) {
	if c := h.o.engine.Courier(); c != nil && c.HasEndpoints() {
		return c, nil
	}
	return nil, errNotFound.With("No endpoint for events is configured.")
}

// deadLetters serves GET /events/dead?after=id&limit=n: a page of dead letters, oldest first. after is an
// id, or the next of the page before.
func (h *Handler) deadLetters(c *call) error {
	events, err := h.courier()
	if err != nil {
		return err
	}
	query, limit := c.r.URL.Query(), maxLetters
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxLetters {
			return channel.ErrInvalidMessage.With("limit must be 1 to %d.", maxLetters)
		}
	}
	page, err := events.Letters(query.Get("after"), limit)
	if errors.Is(err, courier.ErrNoLetter) {
		return channel.ErrInvalidMessage.With("after must be the id of a dead letter.")
	}
	if err != nil {
		return err
	}
	body := []byte(`{"items":[`)
	for i := range page.Letters {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendLetter(body, &page.Letters[i])
	}
	body = strconv.AppendInt(append(body, `],"total":`...), int64(page.Total), 10)
	if body = append(body, `,"next":`...); page.Next == "" {
		return c.answer(http.StatusOK, append(body, `null}`...))
	}
	return c.answer(http.StatusOK, append(appendString(body, page.Next), '}'))
}

func appendLetter(b []byte, l *courier.Letter) []byte {
	b = appendString(append(b, `{"id":`...), l.ID)
	b = appendString(append(b, `,"endpoint":`...), l.Endpoint)
	b = appendString(append(b, `,"reason":`...), l.Reason)
	b = strconv.AppendInt(append(b, `,"attempts":`...), int64(l.Attempts), 10)
	b = appendMoment(append(b, `,"diedAt":`...), l.DiedAt)
	if l.Event == nil {
		return append(b, `,"eventId":null,"event":null}`...)
	}
	b = append(append(append(b, `,"eventId":"`...), l.Event.ID.String()...), `","event":`...)
	return append(l.Event.AppendEnvelope(b), '}')
}

// replayDeadLetter serves POST /events/dead/{id}/replay.
func (h *Handler) replayDeadLetter(c *call) error {
	events, err := h.courier()
	if err != nil {
		return err
	}
	return c.counted(http.StatusAccepted, 1, events.Replay(c.names[0]))
}

// replayDeadLetters serves POST /events/dead/replay: all that have an endpoint.
func (h *Handler) replayDeadLetters(c *call) error {
	return h.allLetters(c, http.StatusAccepted, (*courier.Courier).ReplayAll)
}

// deleteDeadLetter serves DELETE /events/dead/{id}.
func (h *Handler) deleteDeadLetter(c *call) error {
	events, err := h.courier()
	if err != nil {
		return err
	}
	return c.counted(http.StatusOK, 1, events.Delete(c.names[0]))
}

// deleteDeadLetters serves DELETE /events/dead.
func (h *Handler) deleteDeadLetters(c *call) error {
	return h.allLetters(c, http.StatusOK, (*courier.Courier).DeleteAll)
}

func (h *Handler) allLetters(c *call, status int, do func(*courier.Courier, context.Context) (int, error)) error {
	events, err := h.courier()
	if err != nil {
		return err
	}
	n, err := do(events, c.ctx)
	if n > 0 && errors.Is(err, context.DeadlineExceeded) {
		err = nil // what is left is there to be asked for again, and the count says that not all is done
	}
	return c.counted(status, n, err)
}

// counted answers with how many letters were dealt with.
func (c *call) counted(status, n int, err error) error {
	switch {
	case errors.Is(err, courier.ErrNoLetter):
		return errNotFound.With("There is no such dead letter.")
	case errors.Is(err, courier.ErrNoEndpoint):
		return channel.ErrInvalidMessage.With("Its endpoint is not configured any more: nobody would get it.")
	case err != nil:
		return err
	}
	return c.answer(status, append(strconv.AppendInt([]byte(`{"count":`), int64(n), 10), '}'))
}
