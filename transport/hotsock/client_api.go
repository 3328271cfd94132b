package hotsock

import (
	"net/http"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// The Client HTTP API is for the applications of connected clients, which act with their connection's
// rights: its id and secret, from the hotsock.connected frame, stand in the query. It is called from pages
// of any origin.
//
// Source: Hotsock docs, Client HTTP API.

// credentials returns the connection that a call speaks for; the engine checks the secret.
func credentials(c *call) (connectionID, secret string, err error) {
	query := c.r.URL.Query()
	connectionID, secret = query.Get("connectionId"), query.Get("connectionSecret")
	if connectionID == "" || secret == "" {
		return "", "", channel.ErrUnauthorized.With("connectionId and connectionSecret are required in the query.")
	}
	return connectionID, secret, nil
}

// maxMessages is how many messages one page has at most.
const maxMessages = 100

// The members of a listMessages call.
const (
	listChannel = iota
	listAfter
	listBefore
	listReverse
	listExpand
	listLimit
)

var (
	listNames = []string{
		listChannel: "channel",
		listAfter:   "after",
		listBefore:  "before",
		listReverse: "reverse",
		listExpand:  "expandReactions",
		listLimit:   "limit",
	}
	listKinds = memberKinds{
		texts:    []int{listChannel, listAfter, listBefore},
		booleans: []int{listReverse, listExpand},
		numbers:  []int{listLimit},
	}
)

// listMessages serves POST /connection/listMessages: stored messages of a channel that the connection is
// subscribed to, as far back as it may see.
//
// after counts only for the oldest first, before only for the newest first. A limit out of 1 to 100 is
// taken for the nearest.
func (h *Handler) listMessages(c *call) error {
	connectionID, secret, err := credentials(c)
	if err != nil {
		return err
	}
	b, err := h.readBody(c, listNames)
	if err != nil {
		return err
	}
	if err := b.check(listKinds); err != nil {
		return err
	}
	if err := b.need(listChannel); err != nil {
		return err
	}
	limit, err := b.integer(listLimit, maxMessages)
	if err != nil {
		return err
	}
	request := actors.ListMessagesRequest{
		ConnectionID: connectionID,
		Secret:       secret,
		Channel:      b.text(listChannel),
		Reverse:      b.isTrue(listReverse),
		Limit:        int(min(max(limit, 1), maxMessages)),

		ExpandReactions: b.isTrue(listExpand),
	}
	if request.Reverse {
		request.Before = b.text(listBefore)
	} else {
		request.After = b.text(listAfter)
	}
	page, err := h.o.engine.ListMessages(c.ctx, h.o.App, request)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, appendPage(nil, page, b.isTrue(listExpand)))
}

// appendPage writes a page of messages. Here each has meta, also a server's: applications read it without
// looking.
func appendPage(dst []byte, page *channel.Messages, expand bool) []byte {
	dst = append(dst, `{"messages":[`...)
	for i, m := range page.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		if m.Meta == nil {
			withMeta := *m
			withMeta.Meta = &channel.Meta{}
			m = &withMeta
		}
		dst = appendPublished(dst, m)
		var counts []channel.ReactionCount
		if page.Reactions != nil {
			counts = page.Reactions[i]
		}
		dst = append(appendCounts(dst[:len(dst)-1], counts, expand), '}')
	}
	return append(dst, `]}`...)
}
