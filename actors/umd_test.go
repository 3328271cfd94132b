package actors_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
)

// member are claims for everything on presence.r, presence.s and c.
func member(uid string) map[string]any {
	all := map[string]any{"subscribe": true, "messages": map[string]any{"*": map[string]any{"publish": true, "broadcast": true, "echo": true}}}
	return map[string]any{"uid": uid, "channels": map[string]any{"presence.r": all, "presence.s": all, "c": all}}
}

// umdToken is a umd token of uid: for presence.r and c, and for the connection if it says umdUpdate.
func umdToken(s *actorstest.Server, uid string, umd any, more map[string]any) string {
	c := map[string]any{"scope": "umd", "uid": uid, "umd": umd, "channels": map[string]any{
		"presence.*": map[string]any{"umdUpdate": true}, "c": map[string]any{"umdUpdate": true}}}
	for name, value := range more {
		c[name] = value
	}
	return s.Token(c)
}

// own are the claims that let a umd token change its connection's umd.
func own(more ...string) map[string]any {
	c := map[string]any{"umdUpdate": true}
	for _, name := range more {
		c[name] = true
	}
	return c
}

func TestAUMDUpdateOfASubscription(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(member("ann")), s.Connect(member("bob"))
		ann.Send(subscribe("presence.r"))
		ann.Expect("subscribed presence.r uid=ann members=[ann]")
		bob.Send(subscribe("presence.r"))
		bob.Expect("subscribed presence.r uid=bob members=[ann bob]")
		ann.Expect("added presence.r member=bob members=[ann bob]")

		ann.Send(&actors.UpdateUMD{Channel: "presence.r", Token: umdToken(s, "ann", 1, nil)})
		ann.Expect("updated presence.r member=ann=1 members=[ann=1 bob]")
		bob.Expect("updated presence.r member=ann=1 members=[ann=1 bob]")
		ann.ExpectNone()
		ann.Send(&actors.Publish{Channel: "presence.r", Event: "e", Data: []byte("7")})
		ann.Expect("message presence.r e 7 uid=ann umd=1")
		bob.Expect("message presence.r e 7 uid=ann umd=1")

		ann.Send(&actors.UpdateUMD{Channel: "presence.r", Token: umdToken(s, "ann", 1, nil), Ref: "r1"})
		ann.Expect("ack r1")
		bob.ExpectNone()

		// What the connection does elsewhere, and where it is not subscribed, keeps its own umd.
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
	})
}

func TestAUMDUpdateIsRefused(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(member("ann"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		for _, c := range []struct {
			what string
			cmd  actors.UpdateUMD
			want string
		}{
			{"without a token", actors.UpdateUMD{Channel: "c", Ref: "r"}, "error c INVALID_UMD_TOKEN r"},
			{"with another user's token", actors.UpdateUMD{Channel: "c", Token: umdToken(s, "bob", 1, nil)}, "error c INVALID_UMD_TOKEN"},
			{"with another connection's token", actors.UpdateUMD{Channel: "c", Token: umdToken(s, "ann", 1, map[string]any{"connectionId": "x"})}, "error c INVALID_UMD_TOKEN"},
			{"with a token of another scope", actors.UpdateUMD{Channel: "c", Token: umdToken(s, "ann", 1, map[string]any{"scope": "subscribe"})}, "error c INVALID_UMD_TOKEN"},
			{"with a token that is over", actors.UpdateUMD{Channel: "c", Token: umdToken(s, "ann", 1, map[string]any{"exp": 1})}, "error c INVALID_UMD_TOKEN"},
			{"without the directive", actors.UpdateUMD{Channel: "c", Token: umdToken(s, "ann", 1, map[string]any{"channels": map[string]any{"d": map[string]any{"umdUpdate": true}}})}, "error c UMD_UPDATE_PERMISSION_DENIED"},
			{"of the connection, without the claim", actors.UpdateUMD{Token: umdToken(s, "ann", 1, nil), Ref: "r"}, "error UMD_UPDATE_PERMISSION_DENIED r"},
			{"of the connection, with a bad token", actors.UpdateUMD{Token: "eyJ"}, "error INVALID_UMD_TOKEN"},
			{"without a subscription", actors.UpdateUMD{Channel: "presence.r", Token: umdToken(s, "ann", 1, nil)}, "error presence.r NOT_SUBSCRIBED"},
			{"of a channel that cannot be", actors.UpdateUMD{Channel: "a b", Token: umdToken(s, "ann", 1, nil)}, "error a b INVALID_CHANNEL"},
			{"later", actors.UpdateUMD{Channel: "c", Token: umdToken(s, "ann", 1, nil), Schedule: actors.Schedule{Expression: "at(2030-01-01T00:00:00)"}}, "error c INVALID_SCHEDULE"},
			{"of the connection, later", actors.UpdateUMD{Token: umdToken(s, "ann", 1, own()), Schedule: actors.Schedule{Expression: "at(2030-01-01T00:00:00)"}}, "error INVALID_SCHEDULE"},
		} {
			t.Log(c.what)
			ann.Send(&c.cmd)
			ann.Expect(c.want)
		}
		ann.Send(&actors.Publish{Channel: "c", Event: "e"})
		ann.Expect("message c e null uid=ann")
		if got := ann.Completed(); got != 14 {
			t.Errorf("%d of 14 commands were completed", got)
		}
		// Nothing was made of the subscription that is not there.
		info, err := s.ChannelInfo(context.Background(), actorstest.App, "presence.r")
		if err != nil || info.Subscriptions != 0 || len(info.Members) != 0 {
			t.Errorf("presence.r has %+v, %v", info, err)
		}
	})
}

func TestAUMDUpdateOfTheConnection(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(member("ann"))
		ann.Send(subscribe("presence.r"))
		ann.Expect("subscribed presence.r uid=ann members=[ann]")
		ann.Send(&actors.UpdateUMD{Token: umdToken(s, "ann", 1, own()), Ref: "r1"},
			&actors.Publish{Channel: "presence.r", Event: "old", Data: []byte("1")}, subscribe("c"))
		ann.Expect("ack r1")
		if got := ann.Frames(); len(got) != 2 || !slices.ContainsFunc(got, func(f string) bool { return f == "subscribed c uid=ann umd=1" }) ||
			!slices.ContainsFunc(got, func(f string) bool { return strings.HasPrefix(f, "message presence.r old 1 uid=ann #") }) {
			t.Errorf("an existing subscription keeps its umd and a new one has the connection's: %q", got)
		}
		// A broadcast has it too.
		bob := s.Connect(member("bob"))
		bob.Send(subscribe("presence.s"))
		bob.Expect("subscribed presence.s uid=bob members=[bob]")
		ann.Send(&actors.Publish{Channel: "presence.s", Event: "e", Data: []byte("1")})
		bob.Expect("message presence.s e 1 uid=ann umd=1")
		// An absent umd is null.
		ann.Send(&actors.UpdateUMD{Token: s.Token(map[string]any{"scope": "umd", "uid": "ann", "umdUpdate": true})},
			&actors.Publish{Channel: "presence.s", Event: "e", Data: []byte("2")})
		bob.Expect("message presence.s e 2 uid=ann")
	})
}

func TestAUMDUpdateIsPropagated(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(member("ann"))
		ann.Send(subscribe("presence.r"), subscribe("c"))
		ann.Frames()
		token := umdToken(s, "ann", 1, own("umdPropagate"))
		// presence.s is being joined, and presence.s is left and "a b" refused, when the update comes.
		ann.Send(subscribe("presence.s"), subscribe("elsewhere"), &actors.UpdateUMD{Token: token, Ref: "r1"})
		got := ann.Frames()
		slices.Sort(got)
		want := []string{"ack r1", "error elsewhere SUBSCRIBE_PERMISSION_DENIED", "subscribed presence.s uid=ann members=[ann]",
			"updated presence.r member=ann=1 members=[ann=1]", "updated presence.s member=ann=1 members=[ann=1]"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		for _, name := range []string{"presence.r", "c", "presence.s"} {
			ann.Send(&actors.Publish{Channel: name, Event: "e", Data: []byte("1")})
			ann.Expect("message " + name + " e 1 uid=ann umd=1")
		}
		// What is being left is told of no more, and nothing is refused for it.
		ann.Send(&actors.Unsubscribe{Channel: "presence.s"}, &actors.UpdateUMD{Token: umdToken(s, "ann", 2, own("umdPropagate")), Ref: "r2"})
		got = ann.Frames()
		slices.Sort(got)
		want = []string{"ack r2", "unsubscribed presence.s uid=ann umd=1", "updated presence.r member=ann=2 members=[ann=2]"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		if n := ann.Completed(); n != 10 {
			t.Errorf("%d of 10 commands were completed", n)
		}
	})
}

func TestAUMDUpdateGoesOnWhereThereIsRoom(t *testing.T) {
	bubble(t, actors.Options{Channel: channel.Options{MaxPresenceBytes: 60}}, func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(member("ann")), s.Connect(member("bob"))
		ann.Send(subscribe("presence.r"), subscribe("presence.s"))
		bob.Send(subscribe("presence.s"))
		ann.Frames()
		bob.Frames()
		token := umdToken(s, "ann", "twenty characters", own("umdPropagate"))
		ann.Send(&actors.UpdateUMD{Token: token, Ref: "r1"})
		got := ann.Frames()
		slices.Sort(got)
		want := []string{"error presence.s PRESENCE_CHANNEL_CAPACITY_REACHED r1",
			`updated presence.r member=ann="twenty characters" members=[ann="twenty characters"]`}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		bob.ExpectNone()
		err := overHTTP(s, ann, ann.Secret(), "", token)
		if !errors.Is(err, channel.ErrPresenceCapacityReached) {
			t.Errorf("over HTTP: %v", err)
		}
		if n := ann.Completed(); n != 3 {
			t.Errorf("%d of 3 commands were completed", n)
		}
	})
}

// overHTTP updates a umd as whoever knows a connection's secret may.
func overHTTP(s *actorstest.Server, c *actorstest.Client, secret, name, token string) error {
	who, err := s.Client(actorstest.App, c.Connection.ID(), secret)
	if err == nil {
		_, err = who.Do(context.Background(), actors.Origin{Trigger: channel.TriggerClientHTTP}, &actors.UpdateUMD{Channel: name, Token: token})
	}
	return err
}

func TestAUMDUpdateOverHTTP(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(member("ann"))
		ann.Send(subscribe("presence.r"))
		ann.Expect("subscribed presence.r uid=ann members=[ann]")
		if err := overHTTP(s, ann, ann.Secret(), "presence.r", umdToken(s, "ann", 1, nil)); err != nil {
			t.Error(err)
		}
		ann.Expect("updated presence.r member=ann=1 members=[ann=1]")
		if err := overHTTP(s, ann, ann.Secret(), "", umdToken(s, "ann", 2, own("umdPropagate"))); err != nil {
			t.Error(err)
		}
		ann.Expect("updated presence.r member=ann=2 members=[ann=2]")
		for want, c := range map[*channel.Error]struct{ secret, name, token string }{
			channel.ErrNotSubscribed:   {ann.Secret(), "c", umdToken(s, "ann", 3, nil)},
			channel.ErrInvalidChannel:  {ann.Secret(), "a b", umdToken(s, "ann", 3, nil)},
			channel.ErrInvalidUMDToken: {ann.Secret(), "", "eyJ"},
			channel.ErrUMDUpdateDenied: {ann.Secret(), "", umdToken(s, "ann", 3, nil)},
			channel.ErrUnauthorized:    {"wrong", "", umdToken(s, "ann", 3, own())},
		} {
			if err := overHTTP(s, ann, c.secret, c.name, c.token); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		ann.ExpectNone()
		if n := ann.Completed(); n != 1 {
			t.Errorf("%d commands were completed, the client sent 1", n)
		}
	})
}

// TestAUMDUpdateOfWhoIsGoneMakesNothing: a connection that is going away leaves no member behind, whatever
// came first.
func TestAUMDUpdateOfWhoIsGoneMakesNothing(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		for _, propagated := range []bool{false, true} {
			ann := s.Connect(member("ann"))
			ann.Send(subscribe("presence.r"))
			ann.Expect("subscribed presence.r uid=ann members=[ann]")
			name, token := "presence.r", umdToken(s, "ann", 1, nil)
			if propagated {
				name, token = "", umdToken(s, "ann", 1, own("umdPropagate"))
			}
			ann.Hang()
			// It may come before its end or after; it never hangs and never revives.
			if err := overHTTP(s, ann, ann.Secret(), name, token); err != nil && !errors.Is(err, channel.ErrUnauthorized) && !errors.Is(err, channel.ErrNotSubscribed) {
				t.Error(err)
			}
			synctest.Wait()
			if err := overHTTP(s, ann, ann.Secret(), name, token); !errors.Is(err, channel.ErrUnauthorized) {
				t.Errorf("of a connection that is gone: %v", err)
			}
			info, err := s.ChannelInfo(ctx, actorstest.App, "presence.r")
			if err != nil || info.Subscriptions != 0 || len(info.Members) != 0 {
				t.Errorf("presence.r has %+v, %v", info, err)
			}
			if n := s.Stats().Connections; n != 0 {
				t.Errorf("%d connections are left", n)
			}
		}
	})
}

func TestASingleUseUMDTokenIsSpentOnlyBySuccess(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(member("ann"))
		once := func(jti string, more map[string]any) string {
			c := map[string]any{"singleUse": true, "jti": jti}
			for name, value := range more {
				c[name] = value
			}
			return umdToken(s, "ann", 1, c)
		}
		update := func(name, token string) *actors.UpdateUMD { return &actors.UpdateUMD{Channel: name, Token: token} }
		ofChannel, ofConnection := once("j1", nil), once("j2", own())
		ann.Send(update("presence.r", ofChannel))
		ann.Expect("error presence.r NOT_SUBSCRIBED")
		ann.Send(subscribe("presence.r"), &actors.Unsubscribe{Channel: "presence.r"}, update("presence.r", ofChannel), subscribe("presence.r"), update("presence.r", ofChannel))
		ann.Expect("subscribed presence.r uid=ann members=[ann]", "unsubscribed presence.r uid=ann", "error presence.r NOT_SUBSCRIBED",
			"subscribed presence.r uid=ann members=[ann]", "updated presence.r member=ann=1 members=[ann=1]")
		ann.Send(update("presence.r", ofChannel))
		ann.Expect("error presence.r INVALID_UMD_TOKEN")
		ann.Send(&actors.UpdateUMD{Token: ofConnection, Ref: "r"}, update("", ofConnection))
		got := ann.Frames()
		slices.Sort(got)
		if want := []string{"ack r", "error INVALID_UMD_TOKEN"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		s.Restart()
		ann = s.Connect(member("ann"))
		ann.Send(update("", ofConnection))
		ann.Expect("error INVALID_UMD_TOKEN")
	})
}

// TestBackendsHearOfAnotherUMD: once, and not of an equal value.
func TestBackendsHearOfAnotherUMD(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{types: []string{"hotsock.connectionUpdated", "hotsock.memberUpdated"}}
		s := actorstest.Start(t, eventsTo(b))
		ann := s.Connect(member("ann"))
		ann.Send(subscribe("presence.r"))
		value := func(umd any) string { return umdToken(s, "ann", umd, own("umdPropagate")) }
		ann.Send(&actors.UpdateUMD{Token: value(map[string]any{"a": 1, "b": 2}), Ref: "r1"})
		got := b.take()
		slices.SortFunc(got, func(x, y envelope) int { return strings.Compare(x.Type, y.Type) })
		if len(got) != 2 || got[0].DataType != "connection" || got[0].Data["umd"].(map[string]any)["b"] != 2.0 || got[1].Type != "hotsock.memberUpdated" {
			t.Errorf("%+v", got)
		}
		ann.Send(&actors.UpdateUMD{Token: value(map[string]any{"b": 2, "a": 1}), Ref: "r2"})
		b.expect(t)
		ann.Send(&actors.UpdateUMD{Channel: "presence.r", Token: value(3), Ref: "r3"})
		b.expect(t, "memberUpdated")
		if n := ann.Completed(); n != 4 {
			t.Errorf("%d of 4 commands were completed", n)
		}
	})
}
