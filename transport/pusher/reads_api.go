package pusher

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// channelsAtOnce is how many channels the engine is asked for at a time.
const channelsAtOnce = 1000

// channels lists the occupied channels of an app, by name. limit and after cut it into pages, which Pusher's own
// does not: a page that does not end the list says with which name it goes on.
//
// Source: Pusher docs, HTTP API, "GET channels (fetch info for multiple channels)".
func (h *Handler) channels(c *call) error {
	prefix, after := c.params.get("filter_by_prefix"), c.params.get("after")
	users := readInfo(c.params.get("info")).users
	if users && !strings.HasPrefix(prefix, presencePrefix) {
		return refuseUserCount.error()
	}
	limit, paged := 0, false
	if text := c.params.get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return refuseData.error()
		}
		limit, paged = n, true
	}
	if err := h.spend(c, 1); err != nil {
		return err
	}
	tenant := h.o.engine.Tenant(c.app.Namespace())
	b := []byte(`{"channels":{`)
	for n, more := 0, true; more; {
		ask := channelsAtOnce
		if paged {
			ask = min(ask, limit-n)
		}
		page, rest := tenant.Channels(prefix, after, ask)
		for i := range page {
			if n++; n > 1 {
				b = append(b, ',')
			}
			b = appendOccupied(b, &page[i], users)
			after = page[i].Name
		}
		more = rest && len(page) > 0
		if more && paged && n >= limit {
			b = appendString(append(b, `},"next":`...), after)
			c.answer(http.StatusOK, append(b, '}'))
			return nil
		}
	}
	c.answer(http.StatusOK, append(b, `}}`...))
	return nil
}

func appendOccupied(b []byte, o *actors.Occupied, users bool) []byte {
	b = appendString(b, o.Name)
	b = strconv.AppendInt(append(b, `:{"subscription_count":`...), int64(o.Subscriptions), 10)
	b = append(b, `,"occupied":true`...)
	if users {
		b = strconv.AppendInt(append(b, `,"user_count":`...), int64(o.Members), 10)
	}
	return append(b, '}')
}

// channel tells of one channel. One that nobody ever used, or could, is one that nobody is on.
//
// Source: Pusher docs, HTTP API, "GET channel (fetch info for one channel)".
func (h *Handler) channel(c *call) error {
	if err := h.spend(c, 1); err != nil {
		return err
	}
	name := c.names[1]
	kind := kindOf(name)
	var n actors.Counts
	var kept *channel.Cached
	if isChannelOf(c.app, name) {
		tenant := h.o.engine.Tenant(c.app.Namespace())
		n = tenant.Counts(name)
		if kind.cached && readInfo(c.params.get("info")).cache {
			var err error
			if kept, err = tenant.Cached(c.ctx, name); err != nil {
				return err
			}
		}
	}
	b := strconv.AppendInt([]byte(`{"subscription_count":`), int64(n.Subscriptions), 10)
	b = strconv.AppendBool(append(b, `,"occupied":`...), n.Subscriptions > 0)
	if kind.members {
		b = strconv.AppendInt(append(b, `,"user_count":`...), int64(n.Members), 10)
	}
	if ttl := h.ttl(kept); ttl > 0 {
		b = append(append(b, `,"cache":{"data":`...), orNull(kept.Data)...)
		b = strconv.AppendInt(append(b, `,"ttl":`...), ttl, 10)
		b = append(appendString(append(b, `,"event":`...), kept.Event), '}')
	}
	c.answer(http.StatusOK, append(b, '}'))
	return nil
}

// ttl is for how many seconds, the last of them begun, a cached event is still kept.
func (h *Handler) ttl(kept *channel.Cached) int64 {
	if kept == nil {
		return 0
	}
	return int64((kept.ExpiresAt.Sub(h.o.now()) + time.Second - 1) / time.Second)
}

// isChannelOf says whether anybody can be on a channel of that name.
func isChannelOf(app *claims.App, name string) bool {
	return isChannelName(name) && !longerThan(name, app.MaxChannelNameLength) && !kindOf(name).user
}

// members lists who is on a presence channel, in the order in which they came.
//
// Source: Pusher docs, HTTP API, "GET users"; with_user_info is other servers'.
func (h *Handler) members(c *call) error {
	name := c.names[1]
	if !kindOf(name).members {
		return refuseNotPresence.error()
	}
	if err := h.spend(c, 1); err != nil {
		return err
	}
	b := []byte(`{"users":[`)
	if isChannelOf(c.app, name) {
		members, err := h.o.engine.Tenant(c.app.Namespace()).Members(c.ctx, name)
		if err != nil {
			return err
		}
		infos := c.params.get("with_user_info") == "1"
		for i := range members {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(append(b, `{"id":`...), members[i].UID)
			if infos {
				b = appendInfo(append(b, `,"user_info":`...), members[i].UMD)
			}
			b = append(b, '}')
		}
	}
	c.answer(http.StatusOK, append(b, `]}`...))
	return nil
}
