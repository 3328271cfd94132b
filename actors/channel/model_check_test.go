package channel

import (
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"
)

// check compares everything.
func (r *modelRun) check(t *rapid.T) {
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	r.checkEntries(t)
	r.checkMessages(t)
	r.checkSchedules(t)
	if err := do(r.w, r.w.c.GetInfo, &GetInfo{}); err != nil {
		t.Fatal(err)
	}
	info := r.w.fx.Result.(*Info)
	counted := 0
	for _, s := range r.m.subs {
		if s.grant != "hidden" {
			counted++
		}
	}
	if info.Subscriptions != counted || r.w.c.Subscriptions() != len(r.m.subs) || r.w.c.Idle() != (len(r.m.subs) == 0) {
		t.Fatalf("%+v, %d in all, not %d of %d", info, r.w.c.Subscriptions(), counted, len(r.m.subs))
	}
	if r.w.c.members == nil {
		return
	}
	want := r.m.members()
	if d := cmp.Diff(want, info.Members); d != "" {
		t.Fatalf("members: %s", d)
	}
	for _, s := range r.m.subs {
		if d := cmp.Diff(want, s.members); d != "" {
			t.Fatalf("members as %s has read of them: %s", s.conn, d)
		}
	}
}

func (r *modelRun) checkEntries(t *rapid.T) {
	if err := do(r.w, r.w.c.ListStorage, &ListStorage{Limit: 100}); err != nil {
		t.Fatal(err)
	}
	got := map[string]modelEntry{}
	for _, e := range r.w.fx.Result.(*Entries).Items {
		m := r.m.entries[e.Key]
		got[e.Key] = modelEntry{m.value, string(e.Data), Member{e.Meta.UID, e.Meta.UMD}, e.ExpiresAt, m.notify, m.emit}
	}
	if d := cmp.Diff(r.m.entries, got, cmp.AllowUnexported(modelEntry{})); d != "" {
		t.Fatalf("entries: %s", d)
	}
	for _, s := range r.m.subs {
		want := map[string]string{}
		for key, e := range r.m.entries {
			if s.observes(key) {
				want[key] = e.data
			}
		}
		view := maps.Clone(s.entries)
		for key, owed := range s.owed {
			if !owed.gone {
				view[key] = owed.data
			}
		}
		whole := !slices.ContainsFunc(r.w.c.snapshots, func(sn snapshot) bool { return sn.connection == s.conn })
		if whole && len(s.owed) > 0 {
			t.Fatalf("%s was never shown %v", s.conn, s.owed)
		}
		for key := range view {
			// What has expired is told of by Due, which may not have come yet.
			if _, ok := r.m.entries[key]; !ok && r.pending(key) {
				delete(view, key)
			}
		}
		if d := cmp.Diff(want, view); d != "" {
			t.Fatalf("entries as %s has read of them: %s", s.conn, d)
		}
	}
}

// pending says that key's entry has expired and its row is still there.
func (r *modelRun) pending(key string) bool {
	value, _ := r.w.rows.Get(tableEntries + key)
	return value != nil
}

func (r *modelRun) checkMessages(t *rapid.T) {
	r.checkHistory(t, "", "", ulid.ULID{})
	r.checkAllReactions(t)
	for _, s := range r.m.subs {
		from := s.start
		if s.grant == "all" {
			from = ulid.ULID{}
		}
		r.checkHistory(t, s.conn, "", from)
		r.checkHistory(t, s.conn, "m", from)
	}
	r.checkHistory(t, "", "n", ulid.ULID{})
}

// checkHistory compares what conn lists of an event, "" being any, in pages, and backwards.
func (r *modelRun) checkHistory(t *rapid.T, conn, event string, from ulid.ULID) {
	var want, got, back []modelMessage
	for _, m := range r.m.messages {
		if m.id.Compare(from) > 0 && (event == "" || m.event == event) {
			want = append(want, modelMessage{id: m.id, event: m.event, data: m.data})
		}
	}
	list := func(cmd *ListMessages) (items []modelMessage, more bool) {
		cmd.ConnectionID, cmd.Event = conn, event
		if err := do(r.w, r.w.c.ListMessages, cmd); err != nil {
			t.Fatal(err)
		}
		page := r.w.fx.Result.(*Messages)
		for _, m := range page.Items {
			items = append(items, modelMessage{id: m.ID, event: m.Event, data: string(m.Data)})
		}
		if page.More && len(items) < cmd.Limit {
			t.Fatalf("a page of %d is short before the end", len(items))
		}
		return items, page.More
	}
	for more := true; more; {
		cmd := &ListMessages{Limit: 3}
		if len(got) > 0 {
			cmd.After = got[len(got)-1].id
		}
		var page []modelMessage
		page, more = list(cmd)
		got = append(got, page...)
	}
	same := func(a, b modelMessage) bool { return a.id == b.id && a.event == b.event && a.data == b.data }
	if !slices.EqualFunc(got, want, same) {
		t.Fatalf("%q lists %v of %q, not %v", conn, got, event, want)
	}
	back, _ = list(&ListMessages{Limit: 1000, Reverse: true})
	slices.Reverse(back)
	if !slices.EqualFunc(back, want, same) {
		t.Fatalf("%q lists %v of %q backwards, not %v", conn, back, event, want)
	}
}
