package actors_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// bubble runs a test of an engine in virtual time.
func bubble(t *testing.T, o actors.Options, f func(t *testing.T, s *actorstest.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, actorstest.Start(t, o))
	})
}

// lobby are claims for everything on channel c.
func lobby(uid string) map[string]any {
	return map[string]any{
		"uid": uid,
		"channels": map[string]any{"c": map[string]any{
			"subscribe": true,
			"messages":  map[string]any{"*": map[string]any{"publish": true}},
			"storage":   map[string]any{"*": map[string]any{"observe": true, "get": true, "set": true}},
		}},
	}
}

func subscribe(name string) *actors.Subscribe { return &actors.Subscribe{Channel: name} }

func set(key, data string) *actors.SetStorage {
	return &actors.SetStorage{Channel: "c", Key: key, Data: []byte(data)}
}

func publish(event, data string) *actors.Publish {
	return &actors.Publish{Channel: "c", Event: event, Data: []byte(data)}
}

func TestASetReachesObservers(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		bob.Send(subscribe("c"))
		bob.Expect("subscribed c uid=bob")
		ann.Send(set("k", `{"n":1}`))
		ann.Expect(`storage c k {"n":1} uid=ann`)
		bob.Expect(`storage c k {"n":1} uid=ann`)
		bob.Send(&actors.GetStorage{Channel: "c", Key: "k"})
		bob.Expect(`data c k {"n":1} uid=ann`)
		bob.Send(publish("chat", `"hi"`))
		ann.Expect(`message c chat "hi" uid=bob`)
		bob.ExpectNone()
		carl := s.Connect(lobby("carl"))
		carl.Send(subscribe("c"))
		carl.Expect("subscribed c uid=carl", `storage c k {"n":1} uid=ann`)
	})
}

func TestEveryCommandIsCompletedOnce(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(lobby("ann"))
		commands := []actors.Command{
			subscribe("c"), subscribe("c"), subscribe("elsewhere"), subscribe("a b"),
			set("k", "1"), set("k", "1"), set("a b", "1"), &actors.SetStorage{Channel: "elsewhere", Key: "k"},
			&actors.GetStorage{Channel: "c", Key: "k"}, &actors.GetStorage{Channel: "d", Key: "k"},
			publish("e", "1"), publish("", "1"), publish("a*b", "1"),
			&actors.Unsubscribe{Channel: "c"}, &actors.Unsubscribe{Channel: "c"}, publish("e", "1"),
			&actors.Ping{}, &actors.Heartbeat{},
		}
		ann.Send(commands...)
		if got := ann.Completed(); got != len(commands) {
			t.Errorf("%d of %d commands were completed", got, len(commands))
		}
	})
}

func TestARefComesBack(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(lobby("ann"))
		ann.Send(&actors.SetStorage{Channel: "c", Key: "k", Data: []byte("1"), Ref: "r1"})
		ann.Expect("ack r1 seq=1")
		ann.Send(&actors.Publish{Channel: "c", Event: "e", Ref: "r2"})
		ann.Expect("error c NOT_SUBSCRIBED r2")
		ann.Send(&actors.Heartbeat{Ref: "r3"})
		ann.Expect("ack r3")
		ann.Send(&actors.Subscribe{Channel: "c", Ref: "r4"})
		ann.Expect("subscribed c uid=ann", "storage c k 1 uid=ann")
		ann.Send(&actors.Publish{Channel: "c", Event: "e", Ref: "r5"})
		frames := ann.Frames()
		if len(frames) != 1 || !strings.HasPrefix(frames[0], "ack r5 #") {
			t.Errorf("a publish was acknowledged with %q, want its id", frames)
		}
	})
}

func TestAnswersKeepTheirOrder(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(lobby("ann"))
		ann.Send(subscribe("c"), subscribe("c"), set("k", "1"), &actors.GetStorage{Channel: "c", Key: "k"},
			&actors.Unsubscribe{Channel: "c"}, subscribe("c"), &actors.Unsubscribe{Channel: "c"})
		ann.Expect("subscribed c uid=ann", "error c ALREADY_SUBSCRIBED", "storage c k 1 uid=ann", "data c k 1 uid=ann",
			"unsubscribed c uid=ann", "subscribed c uid=ann", "storage c k 1 uid=ann", "unsubscribed c uid=ann")
		ann.Send(&actors.Unsubscribe{Channel: "c"})
		ann.Expect("error c NOT_SUBSCRIBED")
	})
}

func TestAutoSubscribeAndAlias(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		c := map[string]any{"uid": "ann", "channels": map[string]any{
			"user.7":     map[string]any{"autoSubscribe": true, "alias": "me", "messages": map[string]any{"*": map[string]any{"publish": true, "echo": true}}},
			"presence.r": map[string]any{"autoSubscribe": true},
		}}
		ann := s.Connect(c)
		ann.Expect("subscribed presence.r auto uid=ann members=[ann]", "subscribed user.7 auto alias=me uid=ann")
		// By either name the answer has the channel's own, as subscribed had: clients keep their channels by it.
		ann.Send(subscribe("me"), subscribe("user.7"))
		ann.Expect("error user.7 ALREADY_SUBSCRIBED", "error user.7 ALREADY_SUBSCRIBED")
		ann.Send(&actors.Publish{Channel: "me", Event: "e", Data: []byte("1")})
		ann.Expect("message user.7 e 1 uid=ann")
		ann.Send(&actors.Unsubscribe{Channel: "me"})
		ann.Expect("unsubscribed user.7 alias=me uid=ann")
		if got := ann.Completed(); got != 4 {
			t.Errorf("%d commands completed, the client sent 4", got)
		}
		delete(c, "uid")
		nobody := s.Connect(c)
		nobody.Expect("error presence.r PRESENCE_CHANNEL_USER_ID_REQUIRED", "subscribed user.7 auto alias=me")
	})
}

func TestASubscribeTokenAddsRightsWhileSubscribed(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(map[string]any{"uid": "ann"})
		token := s.Token(map[string]any{"scope": "subscribe", "uid": "ann", "umd": 7, "channels": map[string]any{
			"c": map[string]any{"subscribe": true, "messages": map[string]any{"chat": map[string]any{"publish": true, "echo": true}}},
		}})
		ann.Send(publish("chat", "1"))
		ann.Expect("error c PUBLISH_PERMISSION_DENIED")
		ann.Send(&actors.Subscribe{Channel: "c", Token: token}, publish("chat", "2"))
		ann.Expect("subscribed c uid=ann umd=7", "message c chat 2 uid=ann umd=7")
		ann.Send(&actors.Unsubscribe{Channel: "c"}, publish("chat", "3"))
		frames := ann.Frames()
		if len(frames) != 2 || !strings.Contains(strings.Join(frames, "|"), "error c PUBLISH_PERMISSION_DENIED") {
			t.Errorf("after unsubscribing: %q", frames)
		}
		bob := s.Connect(map[string]any{"uid": "bob"})
		bob.Send(&actors.Subscribe{Channel: "c", Token: token})
		bob.Expect("error c INVALID_SUBSCRIBE_TOKEN")
	})
}

func TestASingleUseTokenIsSpentOnlyBySuccess(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		token := s.Token(map[string]any{"scope": "subscribe", "uid": "ann", "singleUse": true, "jti": "j",
			"channels": map[string]any{"c": map[string]any{"subscribe": true}}})
		sub := &actors.Subscribe{Channel: "c", Token: token}
		ann := s.Connect(lobby("ann"))
		ann.Send(&actors.Subscribe{Channel: "elsewhere", Token: token})
		ann.Expect("error elsewhere SUBSCRIBE_PERMISSION_DENIED")
		ann.Send(subscribe("c"), sub)
		ann.Expect("subscribed c uid=ann", "error c ALREADY_SUBSCRIBED")
		ann.Send(&actors.Unsubscribe{Channel: "c"}, sub)
		ann.Expect("unsubscribed c uid=ann", "subscribed c uid=ann")
		ann.Send(&actors.Unsubscribe{Channel: "c"}, sub)
		ann.Expect("unsubscribed c uid=ann", "error c INVALID_SUBSCRIBE_TOKEN")
		s.Restart()
		ann = s.Connect(lobby("ann"))
		ann.Send(sub)
		ann.Expect("error c INVALID_SUBSCRIBE_TOKEN")
	})
}

func TestASingleUseConnectTokenOpensOneConnection(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		c := map[string]any{"singleUse": true, "jti": "j"}
		s.Connect(c)
		if _, err := s.Admit(c); !errors.Is(err, claims.ErrSpent) {
			t.Errorf("the second connection: %v, want ErrSpent", err)
		}
	})
}

func TestPresenceFollowsConnections(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		as := func(uid string) map[string]any {
			return map[string]any{"uid": uid, "channels": map[string]any{"presence.r": map[string]any{"subscribe": true}}}
		}
		ann, bob := s.Connect(as("ann")), s.Connect(as("bob"))
		ann.Send(subscribe("presence.r"))
		ann.Expect("subscribed presence.r uid=ann members=[ann]")
		bob.Send(subscribe("presence.r"))
		bob.Expect("subscribed presence.r uid=bob members=[ann bob]")
		ann.Expect("added presence.r member=bob members=[ann bob]")
		bob.Hang()
		ann.Expect("removed presence.r member=bob members=[ann]")
	})
}

func TestAnIdleChannelSleepsAndNobodyCanTell(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(lobby("ann"))
		ann.Send(set("k", "1"))
		synctest.Wait()
		if n := s.Stats().Awake; n != 1 {
			t.Fatalf("%d actors awake, want 1", n)
		}
		time.Sleep(13 * time.Second)
		synctest.Wait()
		if n := s.Stats().Awake; n != 0 {
			t.Fatalf("%d actors awake after the idle time", n)
		}
		ann.Send(&actors.GetStorage{Channel: "c", Key: "k"})
		ann.Expect("data c k 1 uid=ann")
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann", "storage c k 1 uid=ann")
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := s.Stats().Awake; n != 1 {
			t.Errorf("%d actors awake, want the one with a subscriber", n)
		}
		ann.Hang()
		time.Sleep(13 * time.Second)
		synctest.Wait()
		if n := s.Stats().Awake; n != 0 {
			t.Errorf("%d actors awake after the last subscriber left", n)
		}
	})
}

func TestAPanicCostsItsCommandAlone(t *testing.T) {
	intercept := func(_ actors.Address, cmd any) {
		if p, ok := cmd.(*channel.Publish); ok && p.Event == "boom" {
			panic("boom")
		}
	}
	bubble(t, actors.Options{Intercept: intercept}, func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		for _, c := range []*actorstest.Client{ann, bob} {
			c.Send(subscribe("c"))
			c.Frames()
		}
		for i := range 50 {
			ann.Send(set("k", fmt.Sprint(i)), publish("boom", "1"), publish("chat", fmt.Sprint(i)))
			ann.Expect(fmt.Sprintf("storage c k %d uid=ann", i), "error c INTERNAL_ERROR")
			bob.Expect(fmt.Sprintf("storage c k %d uid=ann", i), fmt.Sprintf("message c chat %d uid=ann", i))
			ann.ExpectNone()
		}
		if n := s.Stats().Panics; n != 50 {
			t.Errorf("%d panics counted", n)
		}
		bob.ExpectOpen()
	})
}

func TestASubscribeThatPanicsMayBeTriedAgain(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	intercept := func(_ actors.Address, cmd any) {
		if _, ok := cmd.(*channel.Subscribe); ok && broken.Load() {
			panic("boom")
		}
	}
	bubble(t, actors.Options{Intercept: intercept}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(lobby("ann"))
		ann.Send(subscribe("c"))
		ann.ExpectNone()
		time.Sleep(time.Second)
		ann.Expect("error c NOT_SUBSCRIBED")
		broken.Store(false)
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
	})
}

func TestHeartbeats(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		silent, lively := s.Connect(map[string]any{"heartbeatTimeout": 5}), s.Connect(map[string]any{"heartbeatTimeout": 5})
		for range 10 {
			time.Sleep(4 * time.Second)
			silent.Send(&actors.Ping{})
			lively.Send(&actors.Heartbeat{})
			lively.ExpectOpen()
		}
		silent.ExpectClose(4001)
		time.Sleep(6 * time.Second)
		lively.ExpectClose(4001)
	})
}

func TestKeepAlive(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(map[string]any{"keepAlive": true})
		time.Sleep(569 * time.Second)
		ann.ExpectNone()
		time.Sleep(time.Second)
		ann.Expect("keepAlive")
		time.Sleep(570 * time.Second)
		ann.Expect("keepAlive")
	})
}

func TestAConnectionEndsOfAge(t *testing.T) {
	bubble(t, actors.Options{MaxConnectionAge: time.Hour}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(nil)
		time.Sleep(56 * time.Minute)
		ann.ExpectOpen()
		time.Sleep(8 * time.Minute)
		ann.ExpectClose(1001)
	})
}

func TestAConnectionEndsExactlyOfAge(t *testing.T) {
	bubble(t, actors.Options{MaxConnectionAge: 2 * time.Hour, ConnectionAgeSpread: -1}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(nil)
		time.Sleep(2*time.Hour - 2*time.Second)
		ann.ExpectOpen()
		time.Sleep(4 * time.Second)
		ann.ExpectClose(1001)
	})
}

func TestAConnectionOfNoAgeStays(t *testing.T) {
	bubble(t, actors.Options{MaxConnectionAge: -1}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(nil)
		time.Sleep(26 * time.Hour) // the default and its spread are less
		ann.ExpectOpen()
	})
}

func TestEntriesExpireOnTimeAlsoAfterSleepAndRestart(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		put := func(key string, seconds int64) {
			if err := s.SetStorage(ctx, actorstest.App, actors.SetStorageRequest{Channel: "c", Key: key, Data: []byte("1"), Store: seconds}); err != nil {
				t.Fatal(err)
			}
		}
		keys := func() (all []string) {
			page, err := s.ListStorage(ctx, actorstest.App, actors.ListStorageRequest{Channel: "c"})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Items {
				all = append(all, e.Key)
			}
			return all
		}
		put("a", 2)
		put("b", 30)
		put("d", 300)
		put("e", -1)
		if got := fmt.Sprint(keys()); got != "[a b d e]" {
			t.Fatal(got)
		}
		time.Sleep(2 * time.Second)
		if got := fmt.Sprint(keys()); got != "[b d e]" {
			t.Fatal(got)
		}
		time.Sleep(25 * time.Second)
		s.Restart()
		time.Sleep(3 * time.Second)
		if got := fmt.Sprint(keys()); got != "[d e]" {
			t.Fatal(got)
		}
		time.Sleep(271 * time.Second)
		if got := fmt.Sprint(keys()); got != "[e]" {
			t.Fatal(got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := s.Stats().Awake; n != 0 {
			t.Errorf("%d actors awake", n)
		}
	})
}

func TestObserversAreToldOfAnExpiryIfAskedFor(t *testing.T) {
	bubble(t, actors.Options{Channel: channel.Options{NotifyExpiry: true}}, func(t *testing.T, s *actorstest.Server) {
		c := lobby("ann")
		c["channels"].(map[string]any)["c"].(map[string]any)["storage"] = map[string]any{"*": map[string]any{"observe": true, "set": true, "store": 5}}
		ann := s.Connect(c)
		ann.Send(subscribe("c"), set("k", "1"))
		ann.Expect("subscribed c uid=ann", "storage c k 1 uid=ann")
		time.Sleep(5*time.Second - time.Millisecond)
		ann.ExpectNone()
		time.Sleep(time.Second)
		ann.Expect("storage c k null")
	})
}

func TestAClaimMaySilenceAnExpiry(t *testing.T) {
	bubble(t, actors.Options{Channel: channel.Options{NotifyExpiry: true}}, func(t *testing.T, s *actorstest.Server) {
		c := lobby("ann")
		c["channels"].(map[string]any)["c"].(map[string]any)["storage"] = map[string]any{
			"*": map[string]any{"observe": true, "set": true, "store": 5, "notifyExpiry": false}}
		ann := s.Connect(c)
		ann.Send(subscribe("c"), set("k", "1"))
		ann.Expect("subscribed c uid=ann", "storage c k 1 uid=ann")
		time.Sleep(time.Minute)
		ann.ExpectNone()
	})
}

func TestWhatWasAcknowledgedIsThereAfterARestart(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(lobby("ann"))
		for i := range 500 {
			ann.Send(set(fmt.Sprintf("k%03d", i%50), fmt.Sprint(i)))
		}
		ann.Completed()
		s.Restart()
		ann = s.Connect(lobby("ann"))
		for k := range 50 {
			ann.Send(&actors.GetStorage{Channel: "c", Key: fmt.Sprintf("k%03d", k)})
			ann.Expect(fmt.Sprintf("data c k%03d %d uid=ann", k, 450+k))
		}
	})
}

func TestStoredMessagesAreListed(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ctx := context.Background()
		ann := s.Connect(lobby("ann"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		p, err := s.Publish(ctx, actorstest.App, actors.PublishRequest{Channel: "c", Event: "e", Data: []byte("1"), Store: 100})
		if err != nil {
			t.Fatal(err)
		}
		ann.Expect("message c e 1")
		_, err = s.Client(actorstest.App, ann.Connection.ID(), "wrong")
		if !errors.Is(err, channel.ErrUnauthorized) {
			t.Errorf("a wrong secret: %v", err)
		}
		if p.ID.IsZero() {
			t.Error("the message has no id")
		}
	})
}

func TestANodeThatDrainsTakesNobody(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(lobby("ann"))
		s.Drain()
		if _, err := s.Admit(nil); !errors.Is(err, channel.ErrUnavailable) {
			t.Errorf("admitted while draining: %v", err)
		}
		ann.Send(set("k", "1"), &actors.GetStorage{Channel: "c", Key: "k"})
		ann.Expect("data c k 1 uid=ann")
	})
}

func TestMoreConnectionsThanAllowedAreRefused(t *testing.T) {
	bubble(t, actors.Options{MaxConnections: 2}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(nil)
		s.Connect(nil)
		if _, err := s.Admit(nil); !errors.Is(err, channel.ErrUnavailable) {
			t.Errorf("the third: %v", err)
		}
		ann.Hang()
		synctest.Wait()
		s.Connect(nil)
	})
}
