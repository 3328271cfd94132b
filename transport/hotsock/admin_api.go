package hotsock

import (
	"net/http"
	"strconv"
	"strings"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// maxKeys is how many storage keys one call may name.
const maxKeys = 100

// channelInfo serves GET /channels/{name}. A channel that was never used has nobody, which is not 404.
//
// Source: Hotsock docs, Channels API, "Get channel".
func (h *Handler) channelInfo(c *call) error {
	name := c.names[0]
	if err := checkChannel(name); err != nil {
		return err
	}
	if c.by != nil && !c.grant(name).GetInfo() {
		return channel.ErrInfoDenied
	}
	info, err := h.o.engine.ChannelInfo(c.ctx, h.o.App, name)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, appendInfo(nil, "name", info))
}

// channelStorage serves GET /channels/{name}/storage?after=k&keys=a,b&versions=true: a page of entries in the
// order of their keys. Keys that are not set are left out. versions is not Hotsock's.
//
// Source: Hotsock docs, Channels API, "List channel storage".
func (h *Handler) channelStorage(c *call) error {
	name, query := c.names[0], c.r.URL.Query()
	if err := checkChannel(name); err != nil {
		return err
	}
	var keys []string
	if list := query.Get("keys"); list != "" {
		if strings.Count(list, ",") >= maxKeys {
			return channel.ErrInvalidMessage.With("keys must name at most %d keys.", maxKeys)
		}
		keys = strings.Split(list, ",")
	}
	r := actors.ListStorageRequest{Channel: name, Keys: keys, After: query.Get("after")}
	if c.by != nil {
		grant := c.grant(name)
		r.Allow, r.Within = func(key string) bool { return grant.Key(key).Get }, grant.GetRanges()
	}
	entries, err := h.o.engine.ListStorage(c.ctx, h.o.App, r)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, appendEntries(nil, entries, query.Get("versions") == "true"))
}

// appendEntries writes a page of entries, with their versions if they are asked for.
func appendEntries(dst []byte, entries *channel.Entries, versions bool) []byte {
	dst = append(dst, `{"items":[`...)
	for i := range entries.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendEntry(dst, &entries.Items[i])
		if versions {
			dst = strconv.AppendUint(append(dst[:len(dst)-1], `,"version":`...), entries.Items[i].Version, 10)
			dst = append(dst, '}')
		}
	}
	return append(dst, `]}`...)
}

func appendEntry(dst []byte, e *channel.Entry) []byte {
	dst = appendString(append(dst, `{"key":`...), e.Key)
	dst = appendValue(append(dst, `,"data":`...), e.Data)
	return append(appendMeta(append(dst, `,"meta":`...), e.Meta), '}')
}
