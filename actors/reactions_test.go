package actors_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"
	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
)

// reactor are claims to read and react to everything on c, which is also called "here".
func reactor(uid string, more map[string]any) map[string]any {
	messages := map[string]any{"*": map[string]any{"react": true}}
	for event, rules := range more {
		messages[event] = rules
	}
	return map[string]any{"uid": uid, "umd": 1, "channels": map[string]any{
		"c": map[string]any{"subscribe": true, "alias": "here", "historyStart": 0, "messages": messages}}}
}

// stored publishes a message that stays.
func stored(t *testing.T, s *actorstest.Server, data string) ulid.ULID {
	t.Helper()
	p, err := s.Publish(context.Background(), actorstest.App, actors.PublishRequest{Channel: "c", Event: "chat", Data: []byte(data), Store: 100})
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func listed(t *testing.T, s *actorstest.Server, c *actorstest.Client, name, id string) string {
	t.Helper()
	a, err := over(t, s, c, &actors.ListReactions{Channel: name, MessageID: id})
	var refused *channel.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	text := ""
	for _, x := range a.Result.(*channel.Reactions).Items {
		text += fmt.Sprintf("%s %s %s;", x.Reaction, x.UID, x.UMD)
	}
	return text
}

func TestReactions(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		id := stored(t, s, "1")
		ann := s.Connect(reactor("ann", nil))
		bob := s.Connect(reactor("bob", map[string]any{"hotsock.messageReaction": map[string]any{"echo": true}, "vote": map[string]any{"react": []string{"x"}}}))
		ann.Send(subscribe("here"))
		ann.Expect("subscribed c alias=here uid=ann umd=1")
		bob.Send(subscribe("c"))
		bob.Expect("subscribed c alias=here uid=bob umd=1")
		data := func(reaction, action string) string {
			return fmt.Sprintf(`{"messageId":"%v","reaction":"%s","action":"%s"}`, id, reaction, action)
		}

		ann.Send(&actors.React{Channel: "here", MessageID: id.String(), Reaction: "👍"})
		ann.ExpectNone()
		bob.Expect("reacted c " + data("👍", "add") + " uid=ann umd=1")
		bob.Send(&actors.React{Channel: "c", MessageID: id.String(), Reaction: "👍", Ref: "r1"})
		bob.Expect("reacted c "+data("👍", "add")+" uid=bob umd=1", "ack r1 seq=3")
		ann.Expect("reacted c " + data("👍", "add") + " uid=bob umd=1")
		bob.Send(&actors.React{Channel: "c", MessageID: id.String(), Reaction: "👍", Ref: "r2"})
		bob.Expect("ack r2")
		ann.ExpectNone()

		if got := listed(t, s, ann, "here", id.String()); got != "👍 ann 1;👍 bob 1;" {
			t.Errorf("listed %s", got)
		}
		a, err := over(t, s, ann, &actors.ListMessages{Channel: "c", ExpandReactions: true})
		page, _ := a.Result.(*channel.Messages)
		if err != nil || len(page.Reactions) != 1 || page.Reactions[0][0].Count != 2 || len(page.Reactions[0][0].By) != 2 {
			t.Errorf("%+v %v", page, err)
		}

		ann.Send(&actors.React{Channel: "c", MessageID: id.String(), Reaction: "👍", Remove: true},
			&actors.React{Channel: "c", MessageID: id.String(), Reaction: "👍", Remove: true})
		bob.Expect("unreacted c " + data("👍", "remove") + " uid=ann umd=1")
		bob.ExpectNone()
		s.Restart()
		ann = s.Connect(reactor("ann", nil))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c alias=here uid=ann umd=1")
		if got := listed(t, s, ann, "c", id.String()); got != "👍 bob 1;" {
			t.Errorf("after a restart: %s", got)
		}
	})
}

func TestAReactionIsRefused(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		id := stored(t, s, "1").String()
		ann := s.Connect(reactor("ann", map[string]any{"chat": map[string]any{"react": false}}))
		nobody := s.Connect(reactor("", nil))
		fault := channel.ErrInvalidReaction.With("There is a fault.")
		for _, c := range []struct {
			who  *actorstest.Client
			cmd  actors.React
			want string
		}{
			{ann, actors.React{Channel: "a b", MessageID: id, Reaction: "x"}, "error a b INVALID_CHANNEL"},
			{ann, actors.React{Channel: "here", MessageID: id, Fault: fault, Ref: "r"}, "error here NOT_SUBSCRIBED r"},
		} {
			c.who.Send(&c.cmd)
			c.who.Expect(c.want)
		}
		for _, c := range []*actorstest.Client{ann, nobody} {
			c.Send(subscribe("c"))
			c.Frames()
		}
		for _, c := range []struct {
			who  *actorstest.Client
			cmd  actors.React
			want string
		}{
			{nobody, actors.React{Channel: "c", MessageID: id, Fault: fault}, "error c REACTION_USER_ID_REQUIRED"},
			{ann, actors.React{Channel: "here", MessageID: id, Fault: fault, Ref: "r"}, "error here INVALID_REACTION r"},
			{ann, actors.React{Channel: "c", MessageID: id, Reaction: "x", Schedule: actors.Schedule{Expression: "at(2030-01-01T00:00:00)"}}, "error c INVALID_SCHEDULE"},
			{ann, actors.React{Channel: "c", MessageID: "no id", Reaction: "x"}, "error c MESSAGE_NOT_FOUND"},
			{ann, actors.React{Channel: "c", MessageID: id, Reaction: "x"}, "error c REACTION_PERMISSION_DENIED"},
		} {
			c.who.Send(&c.cmd)
			c.who.Expect(c.want)
		}
		if n, m := ann.Completed(), nobody.Completed(); n != 7 || m != 2 {
			t.Errorf("%d and %d commands were completed", n, m)
		}
		if got := listed(t, s, ann, "c", "no id"); got != "MESSAGE_NOT_FOUND" {
			t.Errorf("listed %s", got)
		}
		if got := listed(t, s, ann, "d", id); got != "NOT_SUBSCRIBED" {
			t.Errorf("listed %s", got)
		}
	})
}

func TestABackendReacts(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		ann := s.Connect(reactor("ann", nil))
		ann.Send(subscribe("c"))
		ann.Frames()
		id := stored(t, s, "1").String()
		ann.Frames()
		r := actors.ReactRequest{Channel: "c", MessageID: id, Reaction: "👍", UID: "bot", UMD: []byte(`"b"`)}
		first, err := s.React(ctx, actorstest.App, r)
		if err != nil || first.ID.IsZero() || first.Seq == 0 {
			t.Errorf("%+v %v", first, err)
		}
		ann.Expect(`reacted c {"messageId":"` + id + `","reaction":"👍","action":"add"} uid=bot umd="b"`)
		again, err := s.React(ctx, actorstest.App, r)
		if err != nil || again.ID != first.ID || again.Seq != 0 {
			t.Errorf("%+v %v", again, err)
		}
		ann.ExpectNone()
		for want, r := range map[*channel.Error]actors.ReactRequest{
			channel.ErrReactionUIDRequired: {Channel: "c", MessageID: id, Reaction: "👍"},
			channel.ErrInvalidReaction:     {Channel: "c", MessageID: id, Reaction: "#", UID: "bot"},
			channel.ErrMessageNotFound:     {Channel: "d", MessageID: id, Reaction: "👍", UID: "bot"},
		} {
			if _, err := s.React(ctx, actorstest.App, r); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
		r.Remove = true
		if _, err := s.React(ctx, actorstest.App, r); err != nil {
			t.Error(err)
		}
		ann.Expect(`unreacted c {"messageId":"` + id + `","reaction":"👍","action":"remove"} uid=bot umd="b"`)
	})
}

// TestBackendsHearOfReactions: of both the first request's metadata, and the umd that it had.
func TestBackendsHearOfReactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{types: []string{"hotsock.messageReactionAdded", "hotsock.messageReactionRemoved"}}
		s := actorstest.Start(t, eventsTo(b))
		id := stored(t, s, "1").String()
		emit := map[string]any{"hotsock.messageReaction": map[string]any{"emitPubSubEvent": true}}
		ann, quiet := s.Connect(reactor("ann", emit)), s.Connect(reactor("bob", nil))
		ann.Send(subscribe("c"), &actors.React{Channel: "c", MessageID: id, Reaction: "x"})
		quiet.Send(subscribe("c"), &actors.React{Channel: "c", MessageID: id, Reaction: "x"})
		added := b.expect(t, "messageReactionAdded")[0]
		if _, err := uuid.Parse(added.Metadata["requestId"]); err != nil || added.Metadata["connectionId"] != ann.Connection.ID() ||
			added.Metadata["reaction"] != "x" || added.Metadata["channel"] != "c" || added.Metadata["trigger"] != "client.websocket" {
			t.Errorf("%+v", added)
		}
		if d := added.Data; d["messageId"] != id || d["uid"] != "ann" || d["umd"] != 1.0 || d["reaction"] != "x" || d["id"] == "" || d["expiresAt"] == nil {
			t.Errorf("%+v", d)
		}
		ann.Send(&actors.UpdateUMD{Channel: "c", Token: umdToken(s, "ann", 2, nil)}, &actors.React{Channel: "c", MessageID: id, Reaction: "x", Remove: true})
		removed := b.expect(t, "messageReactionRemoved")[0]
		for _, name := range []string{"id", "messageId", "umd", "createdAt", "expiresAt"} {
			if removed.Data[name] != added.Data[name] {
				t.Errorf("%s is %v, was %v", name, removed.Data[name], added.Data[name])
			}
		}
		if removed.Metadata["requestId"] != added.Metadata["requestId"] {
			t.Errorf("%+v", removed.Metadata)
		}
		quiet.Send(&actors.React{Channel: "c", MessageID: id, Reaction: "x", Remove: true})
		b.expect(t)
		who, err := s.Client(actorstest.App, ann.Connection.ID(), ann.Secret())
		if err == nil {
			_, err = who.Do(context.Background(), actors.Origin{Trigger: channel.TriggerClientHTTP, RequestID: "r-1", SourceIP: "192.0.2.1"},
				&actors.React{Channel: "here", MessageID: id, Reaction: "y"})
		}
		if err != nil {
			t.Fatal(err)
		}
		if m := b.expect(t, "messageReactionAdded")[0].Metadata; m["requestId"] != "r-1" || m["trigger"] != "client.http" || m["sourceIp"] != "192.0.2.1" {
			t.Errorf("%+v", m)
		}
	})
}
