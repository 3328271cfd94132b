package pusher

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// seedFrames are frames as clients send them, those that the protocol describes and those that it does not.
var seedFrames = []string{
	`{"event":"pusher:ping","data":{}}`,
	`{"event":"pusher:pong","data":{}}`,
	`{"event":"pusher:subscribe","data":{"auth":"","channel":"room"}}`,
	`{"event":"pusher:subscribe","data":{"auth":"a-key:0","channel_data":"{\"user_id\":\"1\"}","channel":"presence-a"}}`,
	`{"event":"pusher:subscribe","data":{"auth":"","channel":"#server-to-user-1"}}`,
	`{"event":"pusher:subscribe","data":{"channel":"private-encrypted-cache-x","shared_secret":"eA=="}}`,
	`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`,
	`{"event":"pusher:signin","data":{"auth":"a-key:0","user_data":"{\"id\":\"1\",\"watchlist\":[\"7\"]}"}}`,
	`{"event":"client-hi","channel":"presence-r","data":{"t":12345678901234567890},"user_id":"u2"}`,
	`{"event":"client-hi","channel":"private-r","data":"{\"t\":1}"}`,
	`{"event":"client-hi","channel":"private-r","data":"\ud83d"}`,
	`{"data":{"channel":"a","channel":"b"},"event":"x","event":"pusher:subscribe"}`,
	`{"Event":"pusher:ping","EVENT":"client-x","event":"pusher:ping"}`,
	`{"event":"pusher:error","data":{"code":4200,"message":"Server closed. Please reconnect shortly."}}`,
	`{"event":"pusher:connection_established","data":"{\"socket_id\":\"1.2\",\"activity_timeout\":30}"}`,
	`{"event":"pusher_internal:member_added","channel":"presence-r","data":"{}"}`,
	"\ufeff{\"event\":\"pusher:ping\"}", "{\"event\":\"pusher:ping\"}\x00", `{"event":"pusher:ping","data":` + strings.Repeat("[", 9_999),
}

// membersOf is a JSON object as the standard library reads it, with names as they stand; nil: it is none.
func membersOf(text []byte) (m map[string]json.RawMessage) {
	if json.Unmarshal(text, &m) != nil {
		return nil
	}
	return m
}

// textOf is a JSON string, as the standard library reads it.
func textOf(raw json.RawMessage) (text string) {
	_ = json.Unmarshal(raw, &text) // anything else is no text
	return text
}

// FuzzDecode reads frames of nobody's. What is taken, the standard library reads as well.
func FuzzDecode(f *testing.F) {
	for _, tt := range malformed {
		f.Add([]byte(tt.frame))
	}
	for _, frame := range seedFrames {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, whole := membersOf(frame), slices.Clone(frame)
		cmd, refused := decode(frame)
		if (cmd == nil) == (refused == nil) {
			t.Fatalf("got %#v, %v", cmd, refused)
		}
		if string(frame) != string(whole) {
			t.Fatalf("%q became %q", whole, frame)
		}
		if cmd == nil {
			return
		}
		if m == nil || !utf8.Valid(frame) {
			t.Fatalf("%q is no frame, but %#v", frame, cmd)
		}
		data := membersOf(m["data"])
		want := func(what, got string, raw json.RawMessage) {
			if text := textOf(raw); got != text {
				t.Errorf("%s of %q is %q, want %q", what, frame, got, text)
			}
		}
		switch cmd := cmd.(type) {
		case *subscribe:
			want("channel", cmd.channel, data["channel"])
			want("auth", cmd.auth, data["auth"])
			want("channel_data", cmd.data, data["channel_data"])
		case unsubscribe:
			want("channel", cmd.channel, data["channel"])
		case *signin:
			want("auth", cmd.auth, data["auth"])
			want("user_data", cmd.data, data["user_data"])
		case *clientEvent:
			want("event", cmd.event, m["event"])
			want("channel", cmd.channel, m["channel"])
			if got := string(orNull(cmd.data)); got != string(orNull(m["data"])) {
				t.Errorf("data of %q is %q", frame, got)
			}
		}
	})
}

// FuzzPublication reads bodies of backends, each also as the one of a batch. What is taken reaches clients as it was sent.
func FuzzPublication(f *testing.F) {
	for _, body := range []string{
		`{"name":"e","channel":"room","data":"{\"a\":1}"}`, `{"name":"e","channels":["room","private-a"],"data":12345678901234567890,"socket_id":"1.2"}`,
		`{"name":"e","channels":[],"channel":"room","data":""}`, `{"name":"e","channels":null,"channel":"room","data":{"b":[1,2],"a":"\u2028\ud83d"},"info":"user_count,cache"}`,
		`{"name":"pusher:error","channel":"room","data":"x"}`, `{"name":"\u0070usher:e","channel":"room","data":"x"}`, `{"data":"1","data":null,"name":"e","channel":"room"}`,
		`{"name":"e","channel":"#server-to-user-1","data":"x"}`, `{"name":"e","channel":"bad channel","data":"x"}`, vectorBody, `{"batch":[]}`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	app := testApp()
	f.Fuzz(func(t *testing.T, body []byte) {
		p, refused := readPublication(app, body)
		if (p == nil) == (refused == nil) {
			t.Fatalf("got %+v, %v", p, refused)
		}
		if one, told := readBatch(&call{app: app, body: slices.Concat([]byte(`{"batch":[`), body, []byte(`]}`))}); refused == nil && (told != nil || len(one) != 1) {
			t.Errorf("%q in a batch: %+v, %v", body, one, told)
		}
		if p == nil {
			return
		}
		m := membersOf(body)
		if p.name != textOf(m["name"]) || isReserved(p.name) || string(p.data) != string(m["data"]) || len(p.channels) == 0 || len(p.channels) > app.MaxEventChannelsAtOnce {
			t.Fatalf("%q is %+v", body, p)
		}
		for _, name := range p.channels {
			frame := membersOf(Codec{}.Append(nil, &channel.Message{Kind: channel.KindPublished, Channel: name, Event: p.name, Data: p.data}))
			if len(frame) != 3 || textOf(frame["event"]) != p.name || textOf(frame["channel"]) != name || string(frame["data"]) != string(p.data) {
				t.Errorf("%q is told as %s", body, frame)
			}
		}
	})
}

// FuzzFrames writes what is said of members and users, which are anybody's words.
func FuzzFrames(f *testing.F) {
	f.Add("1", `{"name":"Ada \"\\\n\u2028"}`, `{"id":"1"}`)
	f.Add("\"\\\x00\u2028<", "[1,\n\t2]", "\x7f")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, user, info, data string) {
		if !utf8.ValidString(user) || !utf8.ValidString(data) || info != "" && (!utf8.ValidString(info) || !json.Valid([]byte(info))) {
			return // such are refused when they come in
		}
		member := channel.Member{UID: user, UMD: []byte(info)}
		said := func(m *channel.Message) map[string]json.RawMessage {
			m.Channel = "presence-a"
			frame := (Codec{}).Append([]byte("x"), m)
			inner := membersOf([]byte(textOf(membersOf(frame[1:])["data"])))
			if inner == nil {
				t.Fatalf("kind %d is told as %s", m.Kind, frame)
			}
			return inner
		}
		for _, kind := range []channel.Kind{channel.KindMemberAdded, channel.KindMemberRemoved} {
			if got := textOf(said(&channel.Message{Kind: kind, Member: member})["user_id"]); got != user {
				t.Errorf("kind %d tells of %q, not %q", kind, got, user)
			}
		}
		presence := membersOf(said(&channel.Message{Kind: channel.KindSubscribed, Members: []channel.Member{member}})["presence"])
		if _, ok := membersOf(presence["hash"])[user]; !ok || string(presence["count"]) != "1" {
			t.Errorf("%q is told as %s", user, presence)
		}
		if got := textOf(said(&channel.Message{Kind: channel.KindSignedIn, Data: []byte(data)})["user_data"]); got != data {
			t.Errorf("%q is told as %q", data, got)
		}
		watched := said(&channel.Message{Kind: channel.KindWatchlist, Watched: &channel.Watched{Online: []string{user, data}, Offline: []string{data}}})
		if !strings.Contains(string(watched["events"]), `"offline"`) {
			t.Errorf("%q is told as %s", user, watched)
		}
	})
}

// FuzzCallAuth reads queries and paths of nobody's. None of them is signed; and what an app signs is taken, however it
// is escaped on its way.
func FuzzCallAuth(f *testing.F) {
	f.Add("POST", "/apps/app-id/events", vectorPost, vectorBody)
	f.Add("GET", "/apps/app-id/channels", vectorGet, "")
	f.Add("GET", "/apps/a%20b/channels", "auth_key=app-key&auth_version=1.0&f=a+b%2Bc%&&=&a", "")
	f.Add("GET", "", "%zz=%zz&auth_signature&auth_signature=1", "x")
	f.Add("GET", "/rt/apps/1/channels", "filter_by_prefix=a%20b%2Bc+d&info=user_count,subscription_count&auth_key=app-key&auth_timestamp=1353088179&auth_version=1.0", "")
	f.Add("PUT", "/apps/app-id/channels/room/storage/a.b", "auth_key=app-key&auth_timestamp=9223372036854775808&auth_version=1.0&body_md5=", "{}")
	f.Add("POST", "/apps/app-id/events", "auth_key=app-key&auth_key=other&auth_timestamp=-0&auth_version=1.00&body_md5=D41D8CD98F00B204E9800998ECF8427E", " ")
	f.Add("DELETE", "/", strings.Repeat("a=1&", 70), "")
	app := &claims.App{ID: "app-id", Key: "app-key", Secret: "another secret", Enabled: true}
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		ps, refused := readParams(query)
		if refused != nil {
			if strings.Count(query, "&") < maxParams {
				t.Errorf("%d parameters are too many", strings.Count(query, "&")+1)
			}
			return
		}
		_ = ps.check(app, time.Unix(1353088179, 0), 600*time.Second)
		if ps.verify(app, method, path, []byte(body)) == nil {
			t.Fatalf("%s %s?%s is signed", method, path, query)
		}
		if _, given := ps.find("body_md5"); given || body != "" {
			return
		}
		for _, raw := range []bool{false, true} {
			sum := sign(app.Secret, method, "\n", path, "\n", ps.joined(raw))
			signed, refused := readParams(query + "&auth_signature=" + string(sum[:]))
			if refused == nil && signed.get("auth_signature") == string(sum[:]) && signed.verify(app, method, path, nil) != nil {
				t.Errorf("what was signed is refused: %s?%s, raw %v", path, query, raw)
			}
		}
	})
}

// FuzzAdmit has subscribes and sign-ins of every shape judged, signed or not.
func FuzzAdmit(f *testing.F) {
	for _, seed := range [][2]string{
		{"private-a", ""}, {"presence-a", `{"user_id":"u","user_info":{"n":1}}`}, {"presence-a", `{"user_id":7}`}, {"#server-to-user-1", ""},
		{"room", "x"}, {"presence-cache-a", "{\"user_id\":\"\x00\\ud83d\",\"user_id\":1e400}"}, {"private-cache-a", "null"}, {"cache-a", "[]"},
		{"presence-a", `{"user_id":"` + strings.Repeat("u", 129) + `"}`}, {"presence-a", `{"user_id":"1","user_info":"` + strings.Repeat("i", 2048) + `"}`},
		{"presence-a", `{"id":"","watchlist":[` + strings.Repeat(`"1",`, 100) + `"1"]}`}, {"presence-a", `{"user_id":0.10000000000000000555}`}, {"presence-", `{"user_id":"u"}`},
		{"#server-to-user-", ""}, {"my-private-a", ""}, {strings.Repeat("x", 201), ""}, {"presence-cache-ü", `{"user_id":"\ud83d"}`}, {"private-encrypted-", `{"id":"1","watchlist":["7",8,null]}`},
	} {
		f.Add(seed[0], seed[1])
	}
	app := testApp()
	f.Fuzz(func(t *testing.T, name, data string) {
		c := &client{app: app, key: app.Key, socketID: "1.2"}
		if _, refused := c.admit(&subscribe{channel: name, data: data, hasData: data != "", auth: "a-key:" + strings.Repeat("0", 64)}); refused == nil && kindOf(name).auth {
			t.Errorf("%q is open to all", name)
		}
		cmd := &subscribe{channel: name, data: data, hasData: true, auth: authOf(app, "1.2:"+name+":"+data)}
		m, refused := c.admit(cmd)
		if refused == nil && kindOf(name).members && (m.UID == "" || len(m.UMD) > 2048) {
			t.Errorf("%q with %q has the member %+v", name, data, m)
		}
		if u, _, refused := c.signIn(&signin{auth: authOf(app, "1.2::user::"+data), data: data}); refused == nil && (u.id == "" || len(u.watchlist) > maxWatchlist) {
			t.Errorf("%q makes %+v", data, u)
		}
	})
}
