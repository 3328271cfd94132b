package channel

import (
	"bytes"
	"errors"
	"maps"
	"slices"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"
)

// deleteMessage deletes a stored message, with its reactions, or one that is not there.
func (r *modelRun) deleteMessage(t *rapid.T) {
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	id, at := ulid.ULID{1}, -1
	if n := len(r.m.messages); n > 0 {
		at = rapid.IntRange(0, n-1).Draw(t, "which")
		id = r.m.messages[at].id
	}
	err := do(r.w, r.w.c.DeleteMessage, &DeleteMessage{id})
	if at < 0 {
		if !errors.Is(err, ErrMessageNotFound) {
			t.Fatal(err)
		}
		return
	}
	if err != nil || len(r.w.fx.Deliveries)+len(r.w.fx.Events) > 0 || !r.w.fx.Sync {
		t.Fatalf("%v: %+v", err, r.w.fx)
	}
	r.m.messages = slices.Delete(slices.Clone(r.m.messages), at, at+1)
	if err := do(r.w, r.w.c.ListReactions, &ListReactions{MessageID: id}); !errors.Is(err, ErrMessageNotFound) {
		t.Fatal(err)
	}
	if err := do(r.w, r.w.c.DeleteMessage, &DeleteMessage{id}); !errors.Is(err, ErrMessageNotFound) {
		t.Fatalf("it was deleted twice: %v", err)
	}
}

// delete deletes everything that the channel keeps. Subscriptions stay.
func (r *modelRun) delete(t *rapid.T) {
	if rapid.IntRange(0, 4).Draw(t, "one in five") > 0 {
		return
	}
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	want, got := 0, 0
	for e := range maps.Values(r.m.entries) {
		if e.emit {
			want++
		}
	}
	if err := do(r.w, r.w.c.Delete, &Delete{}); err != nil {
		t.Fatal(err)
	}
	r.m.entries, r.m.copies = map[string]modelEntry{}, map[string]modelCopy{}
	r.m.messages, r.m.later = nil, nil
	for uid := range r.m.graces {
		if !r.m.has(uid) {
			r.m.forget(uid)
		}
	}
	clear(r.m.graces)
	r.read(t)
	for _, e := range r.w.fx.Events {
		if e.DataType == "channelStorage" && !bytes.Contains(e.Data, []byte(`"expired":true`)) {
			got++
		}
	}
	again := r.notesMembers() && len(r.m.subs) > 0 // who is here is written down again
	if got != want || r.w.rows.Len() != 0 || r.w.due.IsZero() == again || !r.w.fx.Sync {
		t.Fatalf("%d backend events of %d entries, %d rows are left, due at %v", got, want, r.w.rows.Len(), r.w.due)
	}
	r.due(t)
}
