package pusher

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// Every channel can keep values for those who come later, under keys of their own: the storage that all channels of this
// server have. Pusher's own API has nothing of it.

// storeForever keeps an entry until somebody takes it away.
const storeForever = -1

// storageOf returns the channel and the key that a call's path names, "" if it names all keys.
func (c *call) storageOf() (name, key string, refused *channel.Error) {
	name = c.names[1]
	if !isChannelOf(c.app, name) {
		return "", "", refuseData.error()
	}
	if len(c.names) < 3 {
		return name, "", nil
	}
	key = c.names[2]
	if fault := claims.CheckStorageKey(key); fault != nil {
		return "", "", refuseStorageKey.error(fault)
	}
	return name, key, nil
}

// entry serves GET /apps/{id}/channels/{channel}/storage/{key}:
//
//	{"data":{"players":5},"ttl":3600}
//
// ttl is for how many seconds it is still kept, the last of them begun; without it, for ever.
func (h *Handler) entry(c *call) error {
	name, key, refused := c.storageOf()
	if refused != nil {
		return refused
	}
	if err := h.spend(c, 1); err != nil {
		return err
	}
	e, err := h.o.engine.Tenant(c.app.Namespace()).Entry(c.ctx, name, key)
	switch {
	case err != nil:
		return err
	case e == nil:
		return refuseNoEntry.error()
	}
	c.answer(http.StatusOK, h.appendEntry(nil, e))
	return nil
}

// entries serves GET /apps/{id}/channels/{channel}/storage?after=&limit=, a page in the order of keys:
//
//	{"storage":{"settings":{"data":{"players":5}}},"next":"settings"}
//
// A page that does not end them says with which key it goes on.
func (h *Handler) entries(c *call) error {
	name, _, refused := c.storageOf()
	if refused != nil {
		return refused
	}
	limit := 0
	if text := c.params.get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return refuseData.error()
		}
	}
	if err := h.spend(c, 1); err != nil {
		return err
	}
	page, err := h.o.engine.Tenant(c.app.Namespace()).Entries(c.ctx, name, c.params.get("after"), limit)
	if err != nil {
		return err
	}
	b := []byte(`{"storage":{`)
	for i := range page.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = h.appendEntry(append(appendString(b, page.Items[i].Key), ':'), &page.Items[i])
	}
	b = append(b, '}')
	if n := len(page.Items); page.More && n > 0 {
		b = appendString(append(b, `,"next":`...), page.Items[n-1].Key)
	}
	c.answer(http.StatusOK, append(b, '}'))
	return nil
}

func (h *Handler) appendEntry(b []byte, e *channel.Entry) []byte {
	b = append(append(b, `{"data":`...), orNull(e.Data)...)
	if !e.ExpiresAt.IsZero() {
		left := (e.ExpiresAt.Sub(h.o.now()) + time.Second - 1) / time.Second
		b = strconv.AppendInt(append(b, `,"ttl":`...), max(int64(left), 0), 10)
	}
	return append(b, '}')
}

// putEntry serves PUT /apps/{id}/channels/{channel}/storage/{key}, {"data":…,"store":seconds}. Without store the entry is
// kept for ever; null and {} take it away. It counts as one event of a backend.
func (h *Handler) putEntry(c *call) error {
	var v [2]value
	if !scanObject(c.body, []string{"data", "store"}, v[:]) || v[0].raw == nil {
		return refuseData.error()
	}
	data := jsontext.Value(bytes.Clone(v[0].raw))
	if data.Compact(jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false)) != nil { // a member that stands twice, or half a character
		return refuseData.error()
	}
	if len(data) > h.o.MaxEntry {
		return refuseEntrySize.error(strconv.Itoa(h.o.MaxEntry))
	}
	store := int64(storeForever)
	if !v[1].isNull() {
		var err error
		if store, err = strconv.ParseInt(string(v[1].raw), 10, 64); err != nil {
			return refuseStore.error(strconv.FormatInt(claims.MaxStore, 10))
		}
	}
	return h.setEntry(c, data, store)
}

// deleteEntry serves DELETE /apps/{id}/channels/{channel}/storage/{key}. It is no fault if there is no such entry.
func (h *Handler) deleteEntry(c *call) error { return h.setEntry(c, nil, storeForever) }

func (h *Handler) setEntry(c *call, data []byte, store int64) error {
	name, key, refused := c.storageOf()
	if refused != nil {
		return refused
	}
	if err := h.spend(c, 1); err != nil {
		return err
	}
	err := h.o.engine.Tenant(c.app.Namespace()).SetEntry(c.ctx, name, key, data, store)
	if fault := new(channel.Error); errors.As(err, &fault) && fault.Code == channel.ErrInvalidStore.Code {
		return refuseStore.error(strconv.FormatInt(claims.MaxStore, 10))
	}
	if err != nil {
		return err
	}
	c.answer(http.StatusOK, []byte(`{"ok":true}`))
	return nil
}
