package channel

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What a message of the model may have: so little that the bounds are met.
const (
	modelReactions = 4
	modelKinds     = 2
)

var someReaction = rapid.SampledFrom([]string{"x", "👍", "y z"})

// find returns the place of somebody's reaction, -1 if there is none.
func (m *modelMessage) find(uid, reaction string) int {
	return slices.IndexFunc(m.reactions, func(x modelReaction) bool { return x.by.UID == uid && x.reaction == reaction })
}

// kinds counts the reactions, in the order in which those that are left were first added.
func (m *modelMessage) kinds(order []string) (all []ReactionCount) {
	for _, reaction := range order {
		k := ReactionCount{Reaction: reaction}
		for _, x := range m.reactions {
			if x.reaction == reaction {
				k.Count++
				k.By = append(k.By, x.by)
			}
		}
		if k.Count > 0 {
			all = append(all, k)
		}
	}
	return all
}

// react has a connection, or the server, react to a message, or take that back.
func (r *modelRun) react(t *rapid.T) {
	conn, reaction := someConnection.Draw(t, "connection"), someReaction.Draw(t, "reaction")
	cmd := &React{Sender: r.sender(conn), Reaction: reaction, Remove: rapid.Bool().Draw(t, "remove")}
	cmd.Sink = nil
	r.m.expire(r.w.at, r.w.o.NotifyExpiry)
	target := -1
	if n := len(r.m.messages); n > 0 {
		target = rapid.IntRange(-1, n-1).Draw(t, "message")
	}
	if target >= 0 {
		cmd.MessageID = r.m.messages[target].id
	}
	s := r.m.sub(conn)
	if cmd.Server = rapid.IntRange(0, 3).Draw(t, "server") == 0; cmd.Server {
		cmd.Sender, s = Sender{UID: "sys", UMD: []byte("9"), Trigger: TriggerServerHTTP}, nil
	}
	want := r.refusal(cmd, s, target)
	if err := do(r.w, r.w.c.React, cmd); want != nil || err != nil {
		if want == nil || !want.Is(err) {
			t.Fatalf("%v, not %v", err, want)
		}
		return
	}
	m := &r.m.messages[target]
	by := Member{"sys", []byte("9")}
	if s != nil {
		by = Member{s.uid, orNil([]byte(s.umd))}
	}
	i, answer := m.find(by.UID, reaction), r.w.fx.Result.(*Published)
	if (i >= 0) != cmd.Remove {
		if len(r.w.fx.Writes)+len(r.w.fx.Deliveries)+len(r.w.fx.Events) > 0 || answer.Seq != 0 ||
			answer.ID.IsZero() != cmd.Remove || i >= 0 && answer.ID != m.reactions[i].id {
			t.Fatalf("what changes nothing leads to %+v, %+v", r.w.fx, answer)
		}
		return
	}
	kind, action := KindReactionAdded, "add"
	if cmd.Remove {
		kind, action = KindReactionRemoved, "remove"
		if answer.ID != m.reactions[i].id {
			t.Fatalf("removed %v", answer.ID)
		}
		m.reactions = slices.Delete(m.reactions, i, i+1)
	} else {
		m.reactions = append(m.reactions, modelReaction{answer.ID, reaction, by})
	}
	r.told(t, kind, fmt.Sprintf(`{"messageId":"%v","reaction":"%s","action":"%s"}`, cmd.MessageID, reaction, action), by, s)
}

// refusal returns what a reaction is refused with, nil if it is not.
func (r *modelRun) refusal(cmd *React, s *modelSub, target int) *Error {
	switch {
	case !cmd.Server && s == nil:
		return ErrNotSubscribed
	case target < 0:
		return ErrMessageNotFound
	}
	m := &r.m.messages[target]
	uid := cmd.UID
	if s != nil {
		uid = s.uid
		switch {
		case s.grant != "all" && m.id.Compare(s.start) <= 0:
			return ErrMessageNotFound
		case s.grant == "none" || s.grant == "some" && cmd.Reaction != "x" || s.grant == "all" && m.event != "m":
			return ErrReactionDenied
		}
	}
	if cmd.Remove || m.find(uid, cmd.Reaction) >= 0 {
		return nil
	}
	kinds := m.kinds([]string{"x", "👍", "y z"})
	known := slices.ContainsFunc(kinds, func(k ReactionCount) bool { return k.Reaction == cmd.Reaction })
	if len(m.reactions) >= modelReactions || !known && len(kinds) >= modelKinds {
		return ErrReactionCapacityReached
	}
	return nil
}

// told checks that everybody, but perhaps who reacted, reads of it, and that ids rise.
func (r *modelRun) told(t *rapid.T, kind Kind, data string, by Member, reacted *modelSub) {
	var want, got []string
	for _, s := range r.m.subs {
		if s != reacted || s.grant == "all" {
			want = append(want, s.conn)
		}
	}
	for _, d := range r.w.fx.Deliveries {
		m := d.Message
		if m.Kind != kind || string(m.Data) != data || m.Meta.UID != by.UID || !bytes.Equal(m.Meta.UMD, by.UMD) {
			t.Fatalf("they read %+v of %s", m, data)
		}
		if m.ID.Compare(r.m.last) <= 0 {
			t.Fatalf("id %v after %v", m.ID, r.m.last)
		}
		got = append(got, readers(d)...)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("read by %v, not %v", got, want)
	}
	r.m.last = r.w.c.ids.last
}

// checkReactions compares what a message has.
func (r *modelRun) checkReactions(t *rapid.T, m *modelMessage, counted []ReactionCount) {
	if err := do(r.w, r.w.c.ListReactions, &ListReactions{MessageID: m.id}); err != nil {
		t.Fatal(err)
	}
	var got []modelReaction
	for _, x := range r.w.fx.Result.(*Reactions).Items {
		got = append(got, modelReaction{x.ID, x.Reaction, Member{x.UID, x.UMD}})
	}
	if d := cmp.Diff(m.reactions, got, cmp.AllowUnexported(modelReaction{}), emptyIsNil); d != "" {
		t.Fatalf("reactions: %s", d)
	}
	var order []string
	for _, k := range counted {
		order = append(order, k.Reaction)
	}
	if d := cmp.Diff(m.kinds(order), counted); d != "" {
		t.Fatalf("counts: %s", d)
	}
	total := 0
	for _, k := range counted {
		total += k.Count
	}
	if total != len(m.reactions) {
		t.Fatalf("%d counted of %d", total, len(m.reactions))
	}
}

var emptyIsNil = cmp.Transformer("nil", func(x []modelReaction) []modelReaction {
	if len(x) == 0 {
		return nil
	}
	return slices.Clone(x)
})

// checkAllReactions looks at every message's reactions, and at the rows: there are no others.
func (r *modelRun) checkAllReactions(t *rapid.T) {
	if err := do(r.w, r.w.c.ListMessages, &ListMessages{Limit: 1000, ExpandReactions: true}); err != nil {
		t.Fatal(err)
	}
	page := r.w.fx.Result.(*Messages)
	for i := range r.m.messages {
		var counted []ReactionCount
		if page.Reactions != nil {
			counted = page.Reactions[i]
		}
		r.checkReactions(t, &r.m.messages[i], counted)
	}
}

// checkReactionRows compares the rows when everything that is due is gone.
func (r *modelRun) checkReactionRows(t *rapid.T) {
	rows, counts := 0, 0
	for _, m := range r.m.messages {
		if rows += len(m.reactions); len(m.reactions) > 0 {
			counts++
		}
	}
	if n := len(r.w.rows.Keys(tableReactions)); n != rows {
		t.Fatalf("%d rows for %d reactions", n, rows)
	}
	if n := len(r.w.rows.Keys(tableCounts)); n != counts {
		t.Fatalf("%d rows of counts for %d messages", n, counts)
	}
}
