package pusher

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// testApp has the limits of an app that sets none.
func testApp() *claims.App {
	return &claims.App{
		ID: "a", Key: "a-key", Secret: "a-secret", Enabled: true,
		EnableClientMessages:      true,
		EnableWatchlist:           true,
		MaxConnections:            claims.Unlimited,
		MaxBackendEventsPerSecond: claims.Unlimited, MaxClientEventsPerSecond: claims.Unlimited, MaxReadRequestsPerSecond: claims.Unlimited,
		MaxPresenceMembersPerChannel: 100, MaxPresenceMemberSizeInKB: 2, MaxChannelNameLength: 200,
		MaxEventChannelsAtOnce: 100, MaxEventNameLength: 200, MaxEventPayloadInKB: 100, MaxEventBatchSize: 10,
	}
}

// authOf is what an app's backend answers who wants to subscribe or to sign in.
func authOf(app *claims.App, text string) string {
	sum := sign(app.Secret, text)
	return app.Key + ":" + string(sum[:])
}

func TestProtocolVersions(t *testing.T) {
	for version, want := range map[string]string{
		"5": "", "6": "", "7": "", "4": "Unsupported protocol version", "8": "Unsupported protocol version", "99": "Unsupported protocol version",
		"abc": "Invalid version string format", "": "Invalid version string format", "7.0": "Invalid version string format",
	} {
		refused := checkProtocol(version, true)
		if (refused == nil) != (want == "") || refused != nil && refused.Message != want {
			t.Errorf("%q: %v", version, refused)
		}
	}
	if refused := checkProtocol("", false); refused != nil {
		t.Error(refused)
	}
}

func TestAdmit(t *testing.T) {
	const socket = "1.2"
	app := testApp()
	ada := &user{id: "ada", info: []byte(`{"name":"Ada"}`)}
	member := func(name, data string) *subscribe {
		return &subscribe{channel: name, data: data, hasData: true, auth: authOf(app, socket+":"+name+":"+data)}
	}
	plain := func(name string) *subscribe {
		return &subscribe{channel: name, auth: authOf(app, socket+":"+name)}
	}
	unauthorized, badData := "The connection is unauthorized.", "Invalid channel_data."
	for _, tt := range []struct {
		name string
		user *user
		cmd  *subscribe
		want channel.Member
		no   string
	}{
		{"a public channel", nil, &subscribe{channel: "room"}, channel.Member{}, ""},
		{"a cache channel", nil, &subscribe{channel: "cache-room"}, channel.Member{}, ""},
		{"a private channel", nil, plain("private-a"), channel.Member{}, ""},
		{"a private channel with data", nil, member("private-a", "anything"), channel.Member{}, ""},
		{"an encrypted channel", nil, plain("private-encrypted-a"), channel.Member{}, ""},
		{"private further on", nil, &subscribe{channel: "my-private-thing"}, channel.Member{}, ""},
		{"private without auth", nil, &subscribe{channel: "private-a"}, channel.Member{}, unauthorized},
		{"private with another's auth", nil, &subscribe{channel: "private-b", auth: plain("private-a").auth}, channel.Member{}, unauthorized},
		{"presence", nil, member("presence-a", `{"user_id":"u1","user_info":{"n":12345678901234567890}}`), channel.Member{UID: "u1", UMD: []byte(`{"n":12345678901234567890}`)}, ""},
		{"presence without info", nil, member("presence-a", `{"user_id":"u1"}`), channel.Member{UID: "u1"}, ""},
		{"presence with null", nil, member("presence-a", `{"user_id":"u1","user_info":null}`), channel.Member{UID: "u1"}, ""},
		{"a number as id", nil, member("presence-a", `{"user_id":7}`), channel.Member{UID: "7"}, ""},
		{"presence with a cache", nil, member("presence-cache-a", `{"user_id":"u1"}`), channel.Member{UID: "u1"}, ""},
		{"who is signed in is the member", ada, plain("presence-a"), channel.Member{UID: "ada", UMD: []byte(`{"name":"Ada"}`)}, ""},
		{"data goes before that", ada, member("presence-a", `{"user_id":"u1"}`), channel.Member{UID: "u1"}, ""},
		{"nobody", nil, plain("presence-a"), channel.Member{}, badData},
		{"data that is no JSON", nil, member("presence-a", `x`), channel.Member{}, badData},
		{"data that is no object", nil, member("presence-a", `["u1"]`), channel.Member{}, badData},
		{"data that is empty", nil, member("presence-a", ``), channel.Member{}, badData},
		{"no id", nil, member("presence-a", `{"user_info":{}}`), channel.Member{}, badData},
		{"an empty id", nil, member("presence-a", `{"user_id":""}`), channel.Member{}, badData},
		{"an id that is null", nil, member("presence-a", `{"user_id":null}`), channel.Member{}, badData},
		{"an id that is an object", nil, member("presence-a", `{"user_id":{}}`), channel.Member{}, badData},
		{"the longest id", nil, member("presence-a", `{"user_id":"`+strings.Repeat("x", 128)+`"}`), channel.Member{UID: strings.Repeat("x", 128)}, ""},
		{"an id that is too long", nil, member("presence-a", `{"user_id":"`+strings.Repeat("x", 129)+`"}`), channel.Member{}, badData},
		{"info that is too large", nil, member("presence-a", `{"user_id":"1","user_info":"`+strings.Repeat("x", 2047)+`"}`), channel.Member{}, "The maximum size for a channel member is 2 KB."},
		{"auth goes before data", nil, &subscribe{channel: "presence-a", data: "x", hasData: true}, channel.Member{}, unauthorized},
		{"a user's own address", ada, &subscribe{channel: "#server-to-user-ada"}, channel.Member{}, ""},
		{"another's address", ada, &subscribe{channel: "#server-to-user-bob"}, channel.Member{}, unauthorized},
		{"an address of who is not signed in", nil, plain("#server-to-user-ada"), channel.Member{}, unauthorized},
		{"the longest name", nil, &subscribe{channel: strings.Repeat("x", 200)}, channel.Member{}, ""},
		{"a name that is too long", nil, &subscribe{channel: strings.Repeat("x", 201)}, channel.Member{}, "The channel name is longer than the allowed 200 characters."},
		{"no name", nil, &subscribe{}, channel.Member{}, Refusals[refuseChannelName].Text},
		{"a bad name", nil, &subscribe{channel: "bad channel!"}, channel.Member{}, Refusals[refuseChannelName].Text},
		{"a bad and long name", nil, &subscribe{channel: strings.Repeat("!", 201)}, channel.Member{}, Refusals[refuseChannelName].Text},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &client{app: app, key: app.Key, socketID: socket, user: tt.user}
			got, refused := c.admit(tt.cmd)
			no := ""
			if refused != nil {
				no = refused.Message
			}
			if no != tt.no || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %q", got, no)
			}
		})
	}
}

func TestSignIn(t *testing.T) {
	const socket = "1.2"
	app := testApp()
	in := func(data string) *signin { return &signin{data: data, auth: authOf(app, socket+"::user::"+data)} }
	ids := func(n int) (list []string, text string) {
		for i := range n {
			list = append(list, fmt.Sprint(i))
		}
		return list, `["` + strings.Join(list, `","`) + `"]`
	}
	hundred, hundredText := ids(100)
	_, moreText := ids(101)
	for _, tt := range []struct {
		name string
		was  *user
		cmd  *signin
		want *user
		warn string
		no   string
	}{
		{"good", nil, in(`{"id":"1","user_info":{"a":1},"watchlist":["7",8]}`), &user{"1", []byte(`{"a":1}`), []string{"7", "8"}}, "", ""},
		{"no more than an id", nil, in(`{"id":"1"}`), &user{id: "1"}, "", ""},
		{"a number as id", nil, in(`{"id":12}`), &user{id: "12"}, "", ""},
		{"again", &user{id: "1"}, in(`{"id":"1","watchlist":["9"]}`), &user{id: "1", watchlist: []string{"9"}}, "", ""},
		{"a full watchlist", nil, in(`{"id":"1","watchlist":` + hundredText + `}`), &user{id: "1", watchlist: hundred}, "", ""},
		{"too long a watchlist", nil, in(`{"id":"1","watchlist":` + moreText + `}`), &user{id: "1"}, "Watchlist limit exceeded.", ""},
		{"a watchlist that is none", nil, in(`{"id":"1","watchlist":"7"}`), &user{id: "1"}, "", ""},
		{"as somebody else", &user{id: "1"}, in(`{"id":"2"}`), nil, "", "Connection not authorized."},
		{"a bad signature", nil, &signin{data: `{"id":"1"}`, auth: "a-key:0"}, nil, "", "Connection not authorized."},
		{"no id", nil, in(`{}`), nil, "", `The returned user data must contain the "id" field.`},
		{"an empty id", nil, in(`{"id":""}`), nil, "", `The returned user data must contain the "id" field.`},
		{"no JSON", nil, in(`x`), nil, "", `The returned user data must contain the "id" field.`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &client{app: app, key: app.Key, socketID: socket, user: tt.was}
			got, warning, refused := c.signIn(tt.cmd)
			warn, no := "", ""
			if warning != nil {
				warn = warning.Message
			}
			if refused != nil {
				no = refused.Message
			}
			if warn != tt.warn || no != tt.no || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %q, %q", got, warn, no)
			}
		})
	}
}

// everywhere is a client that is on every channel, or on none.
type everywhere bool

func (e everywhere) Joined(string) bool { return bool(e) }

func TestJudge(t *testing.T) {
	kinds := "Client event rejected - only supported on private and presence channels"
	for _, tt := range []struct {
		name   string
		change func(*claims.App)
		cmd    clientEvent
		no     string
		hidden bool // from who is not on the channel
	}{
		{"private", nil, clientEvent{channel: "private-a", event: "client-x"}, "", false},
		{"presence", nil, clientEvent{channel: "presence-cache-a", event: "client-x"}, "", false},
		{"public", nil, clientEvent{channel: "room", event: "client-x"}, kinds, false},
		{"cache", nil, clientEvent{channel: "cache-a", event: "client-x"}, kinds, false},
		{"encrypted", nil, clientEvent{channel: "private-encrypted-a", event: "client-x"}, kinds, false},
		{"public where it is allowed", func(a *claims.App) { a.AllowClientEventsOnPublic = true }, clientEvent{channel: "room", event: "client-x"}, "", false},
		{"encrypted never is", func(a *claims.App) { a.AllowClientEventsOnPublic = true }, clientEvent{channel: "private-encrypted-a", event: "client-x"}, kinds, false},
		{"switched off", func(a *claims.App) { a.EnableClientMessages = false }, clientEvent{channel: "room", event: "client-x"}, "The app does not have client messaging enabled.", false},
		{"a long name", nil, clientEvent{channel: "private-a", event: "client-" + strings.Repeat("x", 194)}, "Event name is too long. Maximum allowed size is 200.", true},
		{"large data", func(a *claims.App) { a.MaxEventPayloadInKB = 0.5 }, clientEvent{channel: "private-a", event: "client-x", data: []byte(`"` + strings.Repeat("x", 513) + `"`)}, "The event data should be less than 0.5 KB.", true},
		{"data as large as it may be", func(a *claims.App) { a.MaxEventPayloadInKB = 0.5 }, clientEvent{channel: "private-a", event: "client-x", data: []byte(`"` + strings.Repeat("x", 512) + `"`)}, "", false},
		{"none a second", func(a *claims.App) { a.MaxClientEventsPerSecond = 0 }, clientEvent{channel: "private-a", event: "client-x"}, "The rate limit for sending client events exceeded the quota.", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := testApp()
			if tt.change != nil {
				tt.change(app)
			}
			c := &client{app: app}
			says := func(joined bool) string {
				if refused := c.judge(&tt.cmd, everywhere(joined), new(window), time.Unix(1000, 0)); refused != nil {
					return refused.Message
				}
				return ""
			}
			if got := says(true); got != tt.no {
				t.Errorf("got %q", got)
			}
			want := tt.no
			if want == "" || tt.hidden {
				want = "The client is not a member of the specified channel."
			}
			if got := says(false); got != want {
				t.Errorf("who is not on the channel got %q", got)
			}
		})
	}

	t.Run("two a second", func(t *testing.T) {
		app := testApp()
		app.MaxClientEventsPerSecond = 2
		c, spent := &client{app: app}, new(window)
		var got []bool
		for range 4 {
			refused := c.judge(&clientEvent{channel: "private-a", event: "client-x"}, everywhere(true), spent, time.Unix(1000, 0))
			got = append(got, refused == nil)
		}
		if !reflect.DeepEqual(got, []bool{true, true, false, false}) {
			t.Errorf("got %v", got)
		}
	})
}
