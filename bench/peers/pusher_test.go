package peers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestPusherBroadcasts(t *testing.T) { broadcasts(t, All("")[Pusher]) }

// Members are told who comes and goes, each once; who comes is not told of itself.
func TestPusherTellsWhoIsThere(t *testing.T) {
	p := All("")[Pusher]
	build(t, p)
	c := converse(t, p, t.TempDir())
	d := p.Dialect.(Presence)
	channel := d.PresenceChannel("room.1")
	ann, bob := &speaker{who: Client{UID: "ann", Channel: channel, Rights: Subscribe}}, &speaker{who: Client{UID: "bob", Channel: channel, Rights: Visit}}
	c.enter(ann)
	c.enter(bob)
	for range 2 {
		bob.conn.Send(p.Dialect.Subscribe(nil, channel))
		bob.conn.Send(d.Unsubscribe(nil, channel))
	}
	for i, frame := range c.await(ann, Membership, 4) {
		if uid, joined, _ := d.Member([]byte(frame)); string(uid) != "bob" || joined != (i%2 == 0) {
			t.Errorf("the %d. she was told is %s", i+1, frame)
		}
	}
	if list := c.await(bob, Subscribed, 2)[1]; !strings.Contains(list, `\"ids\":[\"ann\",\"bob\"]`) || len(bob.heard[Membership]) > 0 {
		t.Errorf("he came to %s, and was told of %q", list, bob.heard[Membership])
	}
}

func TestPusherRefusesAWrongSignature(t *testing.T) {
	p, stranger := All("")[Pusher], All("")[Pusher] // each with a secret of its own
	build(t, p)
	c := converse(t, p, t.TempDir())
	s := &speaker{who: Client{UID: "u", Channel: "room.1", Rights: Subscribe}, dialect: stranger.Dialect}
	c.dial(s)
	c.until(s, func() bool { return len(s.heard[Refusal]) > 0 })
	if text := s.heard[Refusal][0]; !strings.Contains(text, `"AuthError"`) || len(s.heard[Subscribed]) > 0 {
		t.Errorf("it was refused with %s, and subscribed with %q", text, s.heard[Subscribed])
	}
}

func TestWhatIsSentToPusherIsJSON(t *testing.T) {
	s := pusher{}.Protocol(Client{UID: "u", Channel: "c"}).(*pusherSocket)
	for _, text := range [][]byte{
		pusher{}.Subscribe(nil, "c"), pusher{}.Subscribe(nil, "presence-c"), pusher{}.Publish(nil, "c", []byte(`{"n":1}`)), pusher{}.Unsubscribe(nil, "c"),
		s.signed([]byte("private-c")), s.signed([]byte("presence-c")), []byte(s.Ping), []byte(s.Pong),
	} {
		if !json.Valid(text) {
			t.Errorf("%s", text)
		}
	}
}

// A publish is copied into the connection's buffer, and nothing else is made of it.
func TestAPublishToPusherAllocatesNothing(t *testing.T) {
	s := pusher{}.Protocol(Client{UID: "u", Channel: "c"})
	message, frame, data := make([]byte, 0, 512), make([]byte, 0, 512), number(1)
	if n := testing.AllocsPerRun(100, func() {
		frame = s.Append(frame[:0], pusher{}.Publish(message[:0], "room.000001", data))
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// Its app is the one that clients name, and may have as many members as a case has.
func TestPusherHasAnApp(t *testing.T) {
	p := pusher{[]byte("secret")}
	var c struct {
		Apps struct {
			Static []struct {
				ID, Key, Secret string
				Events          bool `json:"enable_client_messages"`
				Members         int  `json:"max_presence_members_per_channel"`
			}
		}
	}
	text := configuration(p.secret, "/folder", p.settings())
	if err := json.Unmarshal(text, &c); err != nil || len(c.Apps.Static) != 1 {
		t.Fatalf("%v in %s", err, text)
	}
	app := c.Apps.Static[0]
	target := fmt.Sprintf("/app/%s?", app.Key)
	if s := p.Protocol(Client{}).(*pusherSocket); !strings.HasPrefix(s.Target, target) || string(s.secret) != app.Secret || !app.Events || app.Members < 100_000 {
		t.Errorf("%+v, and clients go to %s", app, s.Target)
	}
}

// The first signature is that of the documentation, the second was made with another library.
func TestPusherSubscriptionsAreSigned(t *testing.T) {
	s := pusher{}.Protocol(Client{UID: "10", Channel: "foobar", Rights: Publish}).(*pusherSocket)
	s.secret = []byte("app-secret")
	first := s.greeted([]byte(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"1234.5678\",\"activity_timeout\":30}"}`))
	if want := `{"event":"pusher:subscribe","data":{"channel":"private-foobar"}}`; string(first) != want {
		t.Errorf("a publisher subscribes with %s, want %s", first, want)
	}
	for channel, want := range map[string]string{
		"private-foobar":  `{"channel":"private-foobar","auth":"bench:18679908115f43a0872c55d35b9731250f5480e854f0b2d5f753d2e10c327c22"}`,
		"presence-foobar": `{"channel":"presence-foobar","auth":"bench:b2689589a0c47182ac9ca8b5e0fb6d9478f2b3b3c92bc49d437f954aacb4a035","channel_data":"{\"user_id\":\"10\"}"}`,
	} {
		var message struct{ Data json.RawMessage }
		if err := json.Unmarshal(s.signed([]byte(channel)), &message); err != nil || string(message.Data) != want {
			t.Errorf("%s: %v: %s, want %s", channel, err, message.Data, want)
		}
	}
}

func TestPusherFramesAreSorted(t *testing.T) {
	for text, want := range map[string]Kind{
		`{"event":"pusher:connection_established","data":"{}"}`:                                                         Connected,
		`{"event":"pusher_internal:subscription_succeeded","channel":"private-c","data":"{}"}`:                          Subscribed,
		`{"event":"pusher_internal:member_added","channel":"presence-c","data":"{\"user_id\":\"u\",\"user_info\":{}}"}`: Membership,
		`{"event":"pusher_internal:member_removed","channel":"presence-c","data":"{\"user_id\":\"u\"}"}`:                Membership,
		`{"event":"pusher:error","data":{"code":4301,"message":"no"}}`:                                                  Refusal,
		`{"event":"pusher:subscription_error","channel":"private-c","data":{"status":401}}`:                             Refusal,
		`{"event":"pusher:pong","data":"{}"}`:                                                                           Other,
		`{"event":"pusher_internal:subscription_count","channel":"c","data":"{}"}`:                                      Other,
		`{"event":"client-tick","channel":"private-c","data":{"n":1}}`:                                                  Message,
	} {
		if got := (pusher{}).Kind([]byte(text)); got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
	for text, want := range map[string]bool{
		`{"event":"pusher_internal:member_added","channel":"presence-c","data":"{\"user_id\":\"u.1\",\"user_info\":{}}"}`: true,
		`{"event":"pusher_internal:member_removed","channel":"presence-c","data":"{\"user_id\":\"u.1\"}"}`:                false,
	} {
		uid, joined, members := (pusher{}).Member([]byte(text))
		if !bytes.Equal(uid, []byte("u.1")) || joined != want || members != -1 {
			t.Errorf("%s: %s, %t, %d", text, uid, joined, members)
		}
	}
}
