package actors

import (
	"context"

	"dormouse/actors/channel"
)

// SetEntry writes an entry of a channel's storage, and returns once that is durable. data is one compact JSON
// value, of a size that the door has judged; nil, null and {} take the entry away. store is for how many seconds it is
// kept, -1: for ever. Guests who joined with Storage read what has changed.
//
// Errors: channel.ErrInvalidStore, ErrReadOnly, ErrUnavailable.
func (t Tenant) SetEntry(ctx context.Context, name, key string, data []byte, store int64) error {
	return t.system.SetStorage(ctx, t.namespace, SetStorageRequest{
		Channel: name, Key: key, Data: data, Store: store, Origin: Origin{Trigger: channel.TriggerServerHTTP},
	})
}

// Entry reads one, nil if there is none.
func (t Tenant) Entry(ctx context.Context, name, key string) (*channel.Entry, error) {
	page, err := t.system.ListStorage(ctx, t.namespace, ListStorageRequest{Channel: name, Keys: []string{key}})
	if err != nil || len(page.Items) == 0 {
		return nil, err
	}
	return &page.Items[0], nil
}

// Entries reads a page of at most limit entries, 100 for 0, by their keys, of those behind after.
func (t Tenant) Entries(ctx context.Context, name, after string, limit int) (*channel.Entries, error) {
	return t.system.ListStorage(ctx, t.namespace, ListStorageRequest{Channel: name, After: after, Limit: limit})
}
