package hotsock

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// What those who run the server may do besides what the protocol's own Channels API has: look at channels,
// histories and connections, and end or delete them. All of it wants an API key, and pages of lists have
// "more": true if there are others behind their last item.

// manageRoutes are these calls, as routes.
func manageRoutes() []route {
	return []route{
		{http.MethodGet, []string{"channels"}, "channels", true, "", (*Handler).listChannels},
		{http.MethodDelete, []string{"channels", anySegment}, "delete channel", true, "", (*Handler).deleteChannel},
		{http.MethodGet, []string{"channels", anySegment, "messages"}, "channel messages", true, "", (*Handler).channelMessages},
		{http.MethodDelete, []string{"channels", anySegment, "messages", anySegment}, "delete message", true, "", (*Handler).deleteMessage},
		{http.MethodGet, []string{"channels", anySegment, "storage", anySegment}, "entry", true, claims.ScopeRead, (*Handler).getEntry},
		{http.MethodPut, []string{"channels", anySegment, "storage", anySegment}, "put entry", true, claims.ScopePublish, (*Handler).putEntry},
		{http.MethodDelete, []string{"channels", anySegment, "storage", anySegment}, "delete entry", true, claims.ScopePublish, (*Handler).deleteEntry},
		{http.MethodGet, []string{"connections"}, "connections", true, "", (*Handler).listConnections},
		{http.MethodDelete, []string{"connections"}, "kick user", true, "", (*Handler).kickUser},
		{http.MethodGet, []string{"connections", anySegment}, "connection", true, "", (*Handler).showConnection},
		{http.MethodDelete, []string{"connections", anySegment}, "kick", true, "", (*Handler).kick},
		{http.MethodDelete, []string{"connections", anySegment, "subscriptions", anySegment}, "evict", true, "", (*Handler).evict},
		{http.MethodPost, []string{"tokens", "revoke"}, "revoke", true, "", (*Handler).revoke},
		{http.MethodGet, []string{"tokens", "revoked"}, "revocations", true, "", (*Handler).listRevoked},
		{http.MethodDelete, []string{"tokens", "revoked"}, "unrevoke", true, "", (*Handler).unrevoke},
	}
}

// pageSize reads the query's limit, 1 to 100; 100 without one.
func pageSize(query url.Values) (int, error) {
	text := query.Get("limit")
	if text == "" {
		return maxMessages, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, channel.ErrInvalidMessage.With("limit must be a whole number.")
	}
	return min(max(n, 1), maxMessages), nil
}

func appendMore(dst []byte, more bool) []byte {
	return append(strconv.AppendBool(append(dst, `,"more":`...), more), '}')
}

// listChannels serves GET /channels?prefix=&after=&limit=.
func (h *Handler) listChannels(c *call) error {
	query := c.r.URL.Query()
	limit, err := pageSize(query)
	if err != nil {
		return err
	}
	page, more, err := h.o.engine.Channels(h.o.App, query.Get("prefix"), query.Get("after"), limit)
	if err != nil {
		return err
	}
	body := []byte(`{"channels":[`)
	for i, ch := range page {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendString(append(body, `{"name":`...), ch.Name)
		body = append(strconv.AppendBool(append(body, `,"active":`...), ch.Active), '}')
	}
	return c.answer(http.StatusOK, appendMore(append(body, ']'), more))
}

// deleteChannel serves DELETE /channels/{name}: what the channel keeps goes, its subscribers stay.
func (h *Handler) deleteChannel(c *call) error {
	if err := checkChannel(c.names[0]); err != nil {
		return err
	}
	if err := h.o.engine.DeleteChannel(c.ctx, h.o.App, c.names[0], h.origin(c, channel.TriggerServerHTTP)); err != nil {
		return err
	}
	h.audit(c, "channel deleted", "channel", c.names[0])
	return c.done()
}

// done answers with nothing but that it happened.
func (c *call) done() error {
	c.status = http.StatusNoContent
	c.w.WriteHeader(c.status)
	return nil
}

// audit notes who did what: which key, as the start of its hash, and from where.
func (h *Handler) audit(c *call, what string, args ...any) {
	h.o.Logger.Info(what, append(args, "key", Fingerprint(bearer(c.r)), "from", h.o.ClientIP(c.r))...)
}

// channelMessages serves GET /channels/{name}/messages?event=&after=&before=&reverse=&limit=: all that is
// stored, of one event if that is named.
func (h *Handler) channelMessages(c *call) error {
	query := c.r.URL.Query()
	limit, err := pageSize(query)
	if err != nil {
		return err
	}
	r := actors.HistoryRequest{Channel: c.names[0], Event: query.Get("event"), Limit: limit, Reverse: query.Get("reverse") == "true"}
	if err := checkChannel(r.Channel); err != nil {
		return err
	}
	for name, into := range map[string]*ulid.ULID{"after": &r.After, "before": &r.Before} {
		if text := query.Get(name); text != "" {
			if *into, err = ulid.ParseStrict(text); err != nil {
				return channel.ErrInvalidMessage.With("%s must be a message id, 26 characters.", name)
			}
		}
	}
	page, err := h.o.engine.History(c.ctx, h.o.App, r)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, appendMore(appendPage([]byte(`{"messages":`), page, false), page.More))
}

// deleteMessage serves DELETE /channels/{name}/messages/{id}.
func (h *Handler) deleteMessage(c *call) error {
	if err := checkChannel(c.names[0]); err != nil {
		return err
	}
	id, err := ulid.ParseStrict(c.names[1])
	if err != nil {
		return channel.ErrMessageNotFound
	}
	if err := h.o.engine.DeleteMessage(c.ctx, h.o.App, c.names[0], id); err != nil {
		return err
	}
	h.audit(c, "message deleted", "channel", c.names[0], "id", id)
	return c.done()
}

// entryName checks the names in the path of one entry.
func (c *call) entryName() (name, key string, err error) {
	name, key = c.names[0], c.names[1]
	if err = checkChannel(name); err != nil {
		return name, key, err
	}
	if fault := claims.CheckStorageKey(key); fault != nil {
		err = channel.ErrInvalidStorageKey.With("%s.", sentence(fault))
	}
	return name, key, err
}

// getEntry serves GET /channels/{name}/storage/{key}.
func (h *Handler) getEntry(c *call) error {
	name, key, err := c.entryName()
	if err != nil {
		return err
	}
	if c.by != nil && !c.grant(name).Key(key).Get {
		return channel.ErrStorageDenied.With("Not allowed to get this key.")
	}
	entries, err := h.o.engine.ListStorage(c.ctx, h.o.App, actors.ListStorageRequest{Channel: name, Keys: []string{key}})
	if err != nil {
		return err
	}
	if len(entries.Items) == 0 {
		return errNotFound.With("The channel has no entry of this key.")
	}
	return c.answer(http.StatusOK, appendEntry(nil, &entries.Items[0]))
}

// putEntry serves PUT /channels/{name}/storage/{key}, {"data":…,"store":…,"emitPubSubEvent":…}: a publish of
// hotsock.channelStorageSet, with its names in the path.
func (h *Handler) putEntry(c *call) error {
	if _, _, err := c.entryName(); err != nil {
		return err
	}
	b, err := h.readForm(c, &form{names: publishForm.names, memberKinds: publishForm.memberKinds})
	if err != nil {
		return err
	}
	return h.setEntry(c, b)
}

// deleteEntry serves DELETE /channels/{name}/storage/{key}: observers read it cleared.
func (h *Handler) deleteEntry(c *call) error {
	if _, _, err := c.entryName(); err != nil {
		return err
	}
	return h.setEntry(c, &body{publishForm.names, make([]value, len(publishForm.names))})
}

// setEntry publishes a write whose names stand in the path.
func (h *Handler) setEntry(c *call, b *body) error {
	for i, word := range map[int]string{publishChannel: c.names[0], publishKey: c.names[1], publishEvent: storageSetEvent} {
		raw := appendString(nil, word)
		b.values[i] = value{raw: raw, kind: text, escaped: len(raw) != len(word)+2}
	}
	b.values[publishChannels] = value{}
	if _, err := h.publishOne(c, b, h.origin(c, channel.TriggerServerHTTP), false); err != nil {
		return err
	}
	return c.done()
}

// listConnections serves GET /connections?uid=&after=&limit=.
func (h *Handler) listConnections(c *call) error {
	query := c.r.URL.Query()
	limit, err := pageSize(query)
	if err != nil {
		return err
	}
	page, more := h.o.engine.Connections(h.o.App, query.Get("uid"), query.Get("after"), limit)
	body := []byte(`{"connections":[`)
	for i := range page {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(appendConnection(body, &page[i]), '}')
	}
	return c.answer(http.StatusOK, appendMore(append(body, ']'), more))
}

// appendConnection writes a connection and leaves its object open.
func appendConnection(dst []byte, st *actors.ConnectionState) []byte {
	dst = appendString(append(dst, `{"id":`...), st.ID)
	dst = append(dst, `,"uid":`...)
	if st.UID == "" {
		dst = append(dst, "null"...)
	} else {
		dst = appendString(dst, st.UID)
	}
	dst = appendMoment(append(dst, `,"connectedAt":`...), st.Since)
	dst = appendString(append(dst, `,"sourceIp":`...), st.SourceIP)
	return appendString(append(dst, `,"userAgent":`...), st.UserAgent)
}

// showConnection serves GET /connections/{id}.
func (h *Handler) showConnection(c *call) error {
	st, err := h.o.engine.Connection(c.ctx, h.o.App, c.names[0])
	if err != nil {
		return err
	}
	body := appendValue(append(appendConnection(nil, &st), `,"umd":`...), st.UMD)
	body = append(body, `,"subscriptions":[`...)
	for i, j := range st.Channels {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendString(append(body, `{"channel":`...), j.Name)
		if j.Alias != "" {
			body = appendString(append(body, `,"channelAlias":`...), j.Alias)
		}
		body = append(body, '}')
	}
	return c.answer(http.StatusOK, append(body, `]}`...))
}

// kick serves DELETE /connections/{id}: the client reads close code 4003.
func (h *Handler) kick(c *call) error {
	if err := h.o.engine.Kick(h.o.App, c.names[0]); err != nil {
		return err
	}
	h.audit(c, "connection kicked", "connection", c.names[0])
	return c.done()
}

// kickUser serves DELETE /connections?uid=.
func (h *Handler) kickUser(c *call) error {
	uid := c.r.URL.Query().Get("uid")
	if uid == "" {
		return channel.ErrInvalidMessage.With("uid is required in the query.")
	}
	n := h.o.engine.KickUser(h.o.App, uid)
	h.audit(c, "user kicked", "uid", uid, "connections", n)
	return c.answer(http.StatusOK, append(strconv.AppendInt([]byte(`{"connections":`), int64(n), 10), '}'))
}

// evict serves DELETE /connections/{id}/subscriptions/{channel}: the client reads hotsock.unsubscribed.
func (h *Handler) evict(c *call) error {
	if err := h.o.engine.Evict(c.ctx, h.o.App, c.names[0], c.names[1]); err != nil {
		return err
	}
	h.audit(c, "subscription ended", "connection", c.names[0], "channel", c.names[1])
	return c.done()
}
