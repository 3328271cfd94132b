package actors_test

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// over runs a command as a connection's HTTP call.
func over(t *testing.T, s *actorstest.Server, c *actorstest.Client, cmd actors.Command) (actors.Answer, error) {
	t.Helper()
	who, err := s.Client(actorstest.App, c.Connection.ID(), c.Secret())
	if err != nil {
		return actors.Answer{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return who.Do(ctx, actors.Origin{Trigger: channel.TriggerClientHTTP}, cmd)
}

func TestACallHasItsConnectionsRights(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		for _, cmd := range []actors.Command{publish("e", "1"), &actors.ListMessages{Channel: "c"}} {
			if _, err := over(t, s, ann, cmd); !errors.Is(err, channel.ErrNotSubscribed) {
				t.Errorf("%T unsubscribed: %v", cmd, err)
			}
		}
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		bob.Send(subscribe("c"))
		bob.Expect("subscribed c uid=bob")
		a, err := over(t, s, ann, publish("chat", `"hi"`))
		if p, ok := a.Result.(*channel.Published); err != nil || !ok || p.ID.IsZero() || a.Channel != "c" {
			t.Errorf("publish: %+v, %v", a, err)
		}
		bob.Expect(`message c chat "hi" uid=ann`)
		ann.ExpectNone() // it is the sender
		if _, err := over(t, s, ann, set("k", "1")); err != nil {
			t.Error(err)
		}
		ann.Expect("storage c k 1 uid=ann")
		bob.Expect("storage c k 1 uid=ann")
		a, err = over(t, s, bob, &actors.GetStorage{Channel: "c", Key: "k"})
		if e, ok := a.Result.(*channel.Entry); err != nil || !ok || string(e.Data) != "1" || e.Meta.UID != "ann" {
			t.Errorf("get: %+v, %v", a, err)
		}
		a, err = over(t, s, bob, &actors.ListStorage{Channel: "c"})
		if e, ok := a.Result.(*channel.Entries); err != nil || !ok || len(e.Items) != 1 {
			t.Errorf("list: %+v, %v", a, err)
		}
		for want, cmd := range map[*channel.Error]actors.Command{
			channel.ErrInfoDenied:        &actors.GetInfo{Channel: "c"},
			channel.ErrInvalidChannel:    &actors.GetInfo{Channel: "a b"},
			channel.ErrInvalidMessage:    &actors.ListMessages{Channel: "c", After: "x"},
			channel.ErrInvalidStorageKey: set("a b", "1"),
			channel.ErrStorageDenied:     &actors.SetStorage{Channel: "d", Key: "k"},
			channel.ErrPublishDenied:     &actors.Publish{Channel: "d", Event: "e"},
			channel.ErrInvalidEvent:      publish("#", "1"),
		} {
			if _, err := over(t, s, ann, cmd); !errors.Is(err, want) {
				t.Errorf("%+v: %v, want %v", cmd, err, want)
			}
		}
		if got := ann.Completed(); got != 1 {
			t.Errorf("%d commands were completed, the client sent 1", got)
		}
		ann.ExpectNone()
		ann.Hang()
		synctest.Wait()
		if _, err := over(t, s, ann, publish("e", "1")); !errors.Is(err, channel.ErrUnauthorized) {
			t.Errorf("of a connection that is gone: %v", err)
		}
	})
}

func TestABatchKeepsOrderAndJudgesEach(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(lobby("ann"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		one := func(data string) *actors.PublishRequest {
			return &actors.PublishRequest{Channel: "c", Event: "e", Data: []byte(data), Store: -1}
		}
		outcomes := s.PublishBatch(context.Background(), actorstest.App, []actors.Publication{
			one("1"), &actors.PublishRequest{Channel: "d", Event: "e", Store: -7}, one("2"),
			&actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte("3"), Store: -1, By: &actors.Author{UID: "ghost"}}, one("4"),
		})
		ann.Expect("message c e 1", "message c e 2", "storage c k 3 uid=ghost", "message c e 4")
		for i, o := range outcomes {
			if refused := errors.Is(o.Err, channel.ErrInvalidStore); refused != (i == 1) || (o.Published != nil) != (i == 0 || i == 2 || i == 4) {
				t.Errorf("outcome %d: %+v", i, o)
			}
		}
	})
}

func TestARevokedTokenOpensNothing(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		with := func(c map[string]any, name string, value any) map[string]any {
			c[name] = value
			return c
		}
		ann, bob := s.Connect(with(lobby("ann"), "jti", "j1")), s.Connect(lobby("bob"))
		token := s.Token(map[string]any{"scope": "subscribe", "uid": "bob", "jti": "j2", "channels": map[string]any{"d": map[string]any{"subscribe": true}}})
		bob.Send(&actors.Subscribe{Channel: "d", Token: token})
		bob.Expect("subscribed d uid=bob")
		for id, connections := range map[string]int{"j1": 1, "j2": 0} {
			if n, err := s.Revoke(claims.Revocation{App: actorstest.App, ID: id}); err != nil || n != connections {
				t.Errorf("revoke %s: %d connections, %v", id, n, err)
			}
		}
		ann.ExpectClose(4003)
		bob.Expect("unsubscribed d uid=bob")
		bob.Send(&actors.Subscribe{Channel: "d", Token: token})
		bob.Expect("error d INVALID_SUBSCRIBE_TOKEN")
		bob.ExpectOpen()
		refused := func(c map[string]any, want bool) {
			t.Helper()
			a, err := s.Admit(c)
			if (claims.ReasonOf(err) == claims.ReasonRevoked) != want {
				t.Errorf("admitted with %v, want refused %v", err, want)
			}
			if err == nil {
				_ = a
			}
		}
		refused(with(lobby("ann"), "jti", "j1"), true)
		refused(with(lobby("ann"), "jti", "j3"), false)
		if n, err := s.Revoke(claims.Revocation{App: actorstest.App, UID: "bob"}); err != nil || n != 1 {
			t.Errorf("%d connections, %v", n, err)
		}
		bob.ExpectClose(4003)
		refused(lobby("bob"), true)
		refused(with(lobby("bob"), "iat", time.Now().Add(-time.Second).Unix()), true)
		refused(with(lobby("bob"), "iat", time.Now().Add(time.Second).Unix()), false)
		s.Restart()
		refused(lobby("bob"), true)
		refused(with(lobby("ann"), "jti", "j1"), true)
		if got := s.Revocations(actorstest.App); len(got) != 3 {
			t.Errorf("in force: %v", got)
		}
		if err := s.Unrevoke(claims.Revocation{App: actorstest.App, UID: "bob"}); err != nil {
			t.Error(err)
		}
		refused(lobby("bob"), false)
		until := time.Now().Add(time.Minute)
		if _, err := s.Revoke(claims.Revocation{App: actorstest.App, UID: "carl", Until: until}); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		if got := s.Revocations(actorstest.App); len(got) != 2 || s.Stats().Revocations != 2 {
			t.Errorf("an hour later: %v", got)
		}
		if kept, err := s.Store.Revocations(); err != nil || len(kept) != 2 {
			t.Errorf("on disk: %v, %v", kept, err)
		}
	})
}

func TestConnectionsAreListedKickedAndEvicted(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		other := s.Connect(lobby("ann"))
		page, more := s.Connections(actorstest.App, "", "", 2)
		if len(page) != 2 || !more || page[0].ID >= page[1].ID {
			t.Errorf("a page of %v, %v", page, more)
		}
		page, more = s.Connections(actorstest.App, "", page[1].ID, 2)
		if len(page) != 1 || more {
			t.Errorf("the rest: %v, %v", page, more)
		}
		if page, _ := s.Connections(actorstest.App, "ann", "", 10); len(page) != 2 || page[0].UID != "ann" {
			t.Errorf("ann's: %v", page)
		}
		bob.Send(subscribe("c"))
		bob.Expect("subscribed c uid=bob")
		id := bob.Connection.ID()
		st, err := s.Connection(ctx, actorstest.App, id)
		if err != nil || st.UID != "bob" || !reflect.DeepEqual(st.Channels, []actors.Joined{{Name: "c"}}) {
			t.Errorf("bob's: %+v, %v", st, err)
		}
		if err := s.Evict(ctx, actorstest.App, id, "c"); err != nil {
			t.Error(err)
		}
		bob.Expect("unsubscribed c uid=bob")
		if err := s.Evict(ctx, actorstest.App, id, "c"); !errors.Is(err, channel.ErrNotSubscribed) {
			t.Error(err)
		}
		if err := s.Kick(actorstest.App, id); err != nil {
			t.Error(err)
		}
		bob.ExpectClose(4003)
		synctest.Wait()
		if err := s.Kick(actorstest.App, id); !errors.Is(err, channel.ErrConnectionNotFound) {
			t.Error(err)
		}
		if n := s.KickUser(actorstest.App, "ann"); n != 2 {
			t.Errorf("%d of ann's were kicked", n)
		}
		ann.ExpectClose(4003)
		other.ExpectClose(4003)
		if page, _ := s.Connections(actorstest.App, "ann", "", 10); len(page) != 0 {
			t.Errorf("left: %v", page)
		}
	})
}

func TestATailHearsWithoutBeingThere(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		tail, err := s.Tail(ctx, actorstest.App, "c", actors.TailOptions{Codec: actorstest.Text{}, Rate: 2})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // the channel must not sleep
		for _, data := range []string{"1", "2", "3"} {
			if _, err := s.Publish(ctx, actorstest.App, actors.PublishRequest{Channel: "c", Event: "e", Data: []byte(data)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"message c e 1", "message c e 2"} {
			if got := string(<-tail.Frames); !strings.HasPrefix(got, want) {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		if n := tail.Dropped(); n != 1 || len(tail.Frames) != 0 {
			t.Errorf("%d dropped, %d wait", n, len(tail.Frames))
		}
		if info, err := s.ChannelInfo(ctx, actorstest.App, "c"); err != nil || info.Subscriptions != 0 {
			t.Errorf("%+v, %v", info, err)
		}
		tail.Close()
		tail.Close()
		time.Sleep(time.Minute)
		if n := s.Stats().Awake; n != 0 {
			t.Errorf("%d actors are awake after the last tail", n)
		}
		var all []*actors.Tail
		for range 8 {
			tail, err := s.Tail(ctx, actorstest.App, "c", actors.TailOptions{Codec: actorstest.Text{}})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, tail)
		}
		if _, err := s.Tail(ctx, actorstest.App, "c", actors.TailOptions{Codec: actorstest.Text{}}); !errors.Is(err, channel.ErrUnavailable) {
			t.Errorf("a ninth: %v", err)
		}
		if st := s.Stats(); st.Tails != 8 || st.TailsRefused != 1 || st.TailDropped != 1 {
			t.Errorf("%d tails, %d refused, %d frames dropped", st.Tails, st.TailsRefused, st.TailDropped)
		}
		for _, tail := range all {
			tail.Close()
		}
	})
}

func TestATailThatDoesNotReadMissesWhatItHasNoRoomFor(t *testing.T) {
	bubble(t, actors.Options{TailQueue: 3}, func(t *testing.T, s *actorstest.Server) {
		tail, err := s.Tail(t.Context(), actorstest.App, "c", actors.TailOptions{Codec: actorstest.Text{}})
		if err != nil {
			t.Fatal(err)
		}
		defer tail.Close()
		publish := func(data string) {
			t.Helper()
			if _, err := s.Publish(t.Context(), actorstest.App, actors.PublishRequest{Channel: "c", Event: "e", Data: []byte(data)}); err != nil {
				t.Fatal(err)
			}
		}
		for _, data := range []string{"1", "2", "3", "4", "5"} {
			publish(data)
		}
		if n := s.Stats().TailDropped; n != 2 || tail.Dropped() != 2 {
			t.Errorf("%d and %d dropped, want 2", n, tail.Dropped())
		}
		<-tail.Frames
		publish("6")
		for _, want := range []string{"message c e 2", "message c e 3", "message c e 6"} {
			if got := string(<-tail.Frames); !strings.HasPrefix(got, want) {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
}

// TestATailIsBoundedInBytes: whatever the number of frames, and a frame that is longer than the bound waits by itself.
func TestATailIsBoundedInBytes(t *testing.T) {
	bubble(t, actors.Options{TailQueueBytes: 1000}, func(t *testing.T, s *actorstest.Server) {
		tail, err := s.Tail(t.Context(), actorstest.App, "c", actors.TailOptions{Codec: actorstest.Text{}})
		if err != nil {
			t.Fatal(err)
		}
		defer tail.Close()
		publish := func(size int) {
			t.Helper()
			data := []byte(`"` + strings.Repeat("x", size) + `"`)
			if _, err := s.Publish(t.Context(), actorstest.App, actors.PublishRequest{Channel: "c", Event: "e", Data: data}); err != nil {
				t.Fatal(err)
			}
		}
		for round, step := range []struct {
			sizes []int
			waits int
		}{{[]int{400, 400, 400, 10}, 3}, {[]int{2000, 1}, 1}, {[]int{1, 2000, 900, 100}, 2}} {
			before := tail.Dropped()
			for _, size := range step.sizes {
				publish(size)
			}
			if n := len(tail.Frames); n != step.waits || tail.Dropped()-before != uint64(len(step.sizes)-step.waits) {
				t.Errorf("round %d: %d wait, %d dropped", round, n, tail.Dropped()-before)
			}
			for len(tail.Frames) > 0 {
				tail.Done(<-tail.Frames)
			}
		}
	})
}

func TestRefusalsAreCountedByCode(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(map[string]any{"uid": "ann", "channels": map[string]any{"c": map[string]any{"subscribe": true}}})
		ann.Send(subscribe("c"), subscribe("c"), subscribe("c"), publish("e", "1"), subscribe("d"))
		ann.Frames()
		want := map[string]uint64{"ALREADY_SUBSCRIBED": 2, "PUBLISH_PERMISSION_DENIED": 1, "SUBSCRIBE_PERMISSION_DENIED": 1}
		if st := s.Stats(); st.Refusals != 4 || !maps.Equal(st.RefusedBy, want) {
			t.Errorf("%d refused, %v; want 4, %v", st.Refusals, st.RefusedBy, want)
		}
	})
}

func TestADeletedChannelKeepsItsSubscribersAndNothingElse(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		ann := s.Connect(lobby("ann"))
		ann.Send(subscribe("c"), set("k", "1"))
		ann.Expect("subscribed c uid=ann", "storage c k 1 uid=ann")
		first, err := s.Publish(ctx, actorstest.App, actors.PublishRequest{Channel: "c", Event: "e", Data: []byte("1"), Store: 100})
		if err != nil {
			t.Fatal(err)
		}
		ann.Expect("message c e 1")
		page, _, err := s.Channels(actorstest.App, "", "", 10)
		if err != nil || !reflect.DeepEqual(page, []actors.ChannelName{{Name: "c", Active: true}}) {
			t.Errorf("channels: %v, %v", page, err)
		}
		if err := s.DeleteChannel(ctx, actorstest.App, "c", actors.Origin{}); err != nil {
			t.Fatal(err)
		}
		ann.Expect("storage c k null")
		history, err := s.History(ctx, actorstest.App, actors.HistoryRequest{Channel: "c"})
		if err != nil || len(history.Items) != 0 {
			t.Errorf("history: %v, %v", history, err)
		}
		next, err := s.Publish(ctx, actorstest.App, actors.PublishRequest{Channel: "c", Event: "e", Data: []byte("2"), Store: 100})
		if err != nil || next.ID.Compare(first.ID) <= 0 {
			t.Errorf("ids do not rise: %v after %v, %v", next, first, err)
		}
		ann.Expect("message c e 2")
		if err := s.DeleteMessage(ctx, actorstest.App, "c", next.ID); err != nil {
			t.Error(err)
		}
		if err := s.DeleteMessage(ctx, actorstest.App, "c", next.ID); !errors.Is(err, channel.ErrMessageNotFound) {
			t.Error(err)
		}
		if err := s.DeleteChannel(ctx, actorstest.App, "c", actors.Origin{}); err != nil {
			t.Fatal(err)
		}
		s.Restart()
		if page, _, err := s.Channels(actorstest.App, "", "", 10); err != nil || len(page) != 0 {
			t.Errorf("channels: %v, %v", page, err)
		}
	})
}
