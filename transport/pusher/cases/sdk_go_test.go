package cases

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	sdk "github.com/pusher/pusher-http-go/v5"
	"golang.org/x/crypto/nacl/secretbox"

	"dormouse/transport/pusher"
)

// A goBackend is an application's backend with Pusher's server library for Go.
type goBackend struct {
	*sdk.Client
	t *testing.T
	s *server
	a *app
}

const masterKey = "0123456789abcdef0123456789abcdef"

func goBackendOf(t *testing.T, s *server, a *app) *goBackend {
	of := *s
	of.t = t
	s = &of
	return &goBackend{&sdk.Client{
		AppID: a.id, Key: a.key, Secret: a.secret, Host: s.Listener.Addr().String(), HTTPClient: s.Client(),
		EncryptionMasterKeyBase64: base64.StdEncoding.EncodeToString([]byte(masterKey)),
	}, t, s, a}
}

// asked is the form that pusher-js sends to a backend.
func asked(c *client, channel string) []byte {
	form := url.Values{"socket_id": {c.id}}
	if channel != "" {
		form.Set("channel_name", channel)
	}
	return []byte(form.Encode())
}

// signed is what the backend answered such a form with.
func (b *goBackend) signed(answer []byte, err error) (fields map[string]string) {
	b.t.Helper()
	b.must(err)
	b.must(json.Unmarshal(answer, &fields))
	return fields
}

func (b *goBackend) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// fails expects an error of the library with a text in it.
func (b *goBackend) fails(err error, text string) {
	b.t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		b.t.Errorf("got %v, want %s", err, text)
	}
}

// TestServerLibraryOfGo: case X4. Pusher's library for Go does everything that it can do.
func TestServerLibraryOfGo(t *testing.T) {
	receiver := hook(t)
	a := newApp("a", map[string]any{"webhookDelayMs": 0, "webhooks": []any{receiver.webhook()}})
	s := start(t, nil, a)
	for _, scene := range []struct {
		name string
		play func(b *goBackend)
	}{
		{"it publishes", goPublishes},
		{"it publishes a batch", goPublishesBatches},
		{"it lets clients into private channels", goAuthorizes},
		{"it lets members into presence channels", goAuthorizesMembers},
		{"it reads", goReads},
		{"it signs users in and sends to them", goSignsIn},
		{"what it encrypts arrives encrypted", goEncrypts},
		{"its names arrive as they were", goEscapes},
		{"what it must not it is told", goIsRefused},
		{"it verifies webhooks", func(b *goBackend) { goVerifies(b, receiver) }},
	} {
		t.Run("X4 "+scene.name, func(t *testing.T) { scene.play(goBackendOf(t, s, a)) })
	}
}

func goPublishes(b *goBackend) {
	one, two := b.s.connect(b.a), b.s.connect(b.a)
	for _, c := range []*client{one, two} {
		c.subscribe("news")
		c.subscribe("more")
	}
	b.must(b.Trigger("news", "e", map[string]any{"text": "ä <b>", "n": 1}))
	b.must(b.TriggerMulti([]string{"news", "more"}, "e", "plain"))
	info := "subscription_count"
	counts, err := b.TriggerMultiWithParams([]string{"more", "nobody"}, "e", 5, sdk.TriggerParams{SocketID: &one.id, Info: &info})
	b.must(err)
	if *counts.Channels["more"].SubscriptionCount != 2 || *counts.Channels["nobody"].SubscriptionCount != 0 || counts.Channels["more"].UserCount != nil {
		b.t.Errorf("counts %+v", counts.Channels)
	}
	for _, c := range []*client{one, two} {
		// Pusher's libraries encode data as JSON, and send that as a string; Go's escapes what HTML has.
		c.expect(event("news", "e", `"{\"n\":1,\"text\":\"ä \\u003cb\\u003e\"}"`))
		both := []string{c.next(), c.next()} // nothing is said of the order of two channels
		slices.Sort(both)
		if want := []string{event("more", "e", `"plain"`), event("news", "e", `"plain"`)}; !slices.Equal(both, want) {
			b.t.Errorf("got %s, want %s", both, want)
		}
	}
	two.expect(event("more", "e", `"5"`))
	one.ping()
}

func goPublishesBatches(b *goBackend) {
	c, other := b.s.connect(b.a), b.s.connect(b.a)
	c.subscribe("batch")
	other.subscribe("batch")
	info := "subscription_count"
	counts, err := b.TriggerBatch([]sdk.Event{
		{Channel: "batch", Name: "e", Data: 1, Info: &info},
		{Channel: "batch", Name: "e", Data: "2", SocketID: &other.id},
		{Channel: "nobody", Name: "e", Data: []int{3}},
	})
	b.must(err)
	if len(counts.Batch) != 3 || *counts.Batch[0].SubscriptionCount != 2 || counts.Batch[1].SubscriptionCount != nil {
		b.t.Errorf("counts %+v", counts.Batch)
	}
	c.expect(event("batch", "e", `"1"`), event("batch", "e", `"2"`))
	other.expect(event("batch", "e", `"1"`))
	other.ping()
}

func goAuthorizes(b *goBackend) {
	c, other := b.s.connect(b.a), b.s.connect(b.a)
	for _, name := range []string{"private-a", "private-cache-a"} {
		auth := b.signed(b.AuthorizePrivateChannel(asked(c, name)))["auth"]
		other.ask(name, auth, "")
		other.expect(unauthorized(name))
		c.ask(name, auth, "")
		c.expect(subscribed(name))
	}
	c.expect(cacheMiss("private-cache-a"))
}

func goAuthorizesMembers(b *goBackend) {
	c := b.s.connect(b.a)
	fields := b.signed(b.AuthorizePresenceChannel(asked(c, "presence-a"), sdk.MemberData{UserID: "1", UserInfo: map[string]string{"name": "Ada"}}))
	c.ask("presence-a", fields["auth"], fields["channel_data"])
	c.expect(roster("presence-a", "1", `{"name":"Ada"}`))
}

func goReads(b *goBackend) {
	one, two := b.s.connect(b.a), b.s.connect(b.a)
	one.join("presence-reads", "1", `{"a":1}`, "1", `{"a":1}`)
	two.join("presence-reads", "2", "", "1", `{"a":1}`, "2", "{}")
	two.subscribe("reads")
	prefix, users, all := "presence-reads", "user_count", "user_count,subscription_count"
	list, err := b.Channels(sdk.ChannelsParams{FilterByPrefix: &prefix, Info: &users})
	b.must(err)
	if len(list.Channels) != 1 || list.Channels["presence-reads"].UserCount != 2 {
		b.t.Errorf("channels %+v", list)
	}
	if list, err = b.Channels(sdk.ChannelsParams{}); err != nil || !contains(list.Channels, "presence-reads", "reads") {
		b.t.Errorf("all channels %+v, %v", list, err)
	}
	got, err := b.Channel("presence-reads", sdk.ChannelParams{Info: &all})
	if want := (sdk.Channel{Name: "presence-reads", Occupied: true, UserCount: 2, SubscriptionCount: 2}); err != nil || *got != want {
		b.t.Errorf("channel %+v, %v", got, err)
	}
	got, err = b.Channel("nobody", sdk.ChannelParams{})
	if err != nil || *got != (sdk.Channel{Name: "nobody"}) {
		b.t.Errorf("a channel of nobody %+v, %v", got, err)
	}
	members, err := b.GetChannelUsers("presence-reads")
	if err != nil || !slices.Equal(members.List, []sdk.User{{ID: "1"}, {ID: "2"}}) {
		b.t.Errorf("members %+v, %v", members, err)
	}
}

func contains(channels map[string]sdk.ChannelListItem, names ...string) bool {
	for _, name := range names {
		if _, ok := channels[name]; !ok {
			return false
		}
	}
	return true
}

func goSignsIn(b *goBackend) {
	one, two := b.s.connect(b.a), b.s.connect(b.a)
	for _, c := range []*client{one, two} {
		fields := b.signed(b.AuthenticateUser(asked(c, ""), map[string]any{"id": "ada", "user_info": map[string]any{"n": 1}}))
		c.sendSignIn(fields["auth"], fields["user_data"])
		c.expect(signedIn(fields["user_data"]))
	}
	b.must(b.SendToUser("ada", "greeting", map[string]any{"hello": 1}))
	b.must(b.SendToUser("nobody", "greeting", 1))
	for _, c := range []*client{one, two} {
		c.expect(event("#server-to-user-ada", "greeting", `"{\"hello\":1}"`))
	}
	// The library cannot end a user's connections: applications in Go make that call themselves.
	b.s.call(b.a, "POST", "/apps/a/users/ada/terminate_connections", "{}").is(b.t, `{"ok":true}`)
	for _, c := range []*client{one, two} {
		c.refused(4009, "You got disconnected by the app.")
	}
}

func goEncrypts(b *goBackend) {
	const name = "private-encrypted-a"
	c := b.s.connect(b.a)
	fields := b.signed(b.AuthorizePrivateChannel(asked(c, name)))
	c.ask(name, fields["auth"], "")
	c.expect(subscribed(name))
	b.must(b.Trigger(name, "e", map[string]string{"text": "hidden"}))
	_, err := b.TriggerBatch([]sdk.Event{{Channel: name, Name: "e", Data: "hidden too"}})
	b.must(err)
	shared, err := base64.StdEncoding.DecodeString(fields["shared_secret"])
	b.must(err)
	for _, want := range []string{`{"text":"hidden"}`, "hidden too"} {
		var frame struct{ Data string }
		b.must(json.Unmarshal([]byte(c.next()), &frame))
		var box struct{ Nonce, Ciphertext []byte }
		b.must(json.Unmarshal([]byte(frame.Data), &box))
		got, ok := secretbox.Open(nil, box.Ciphertext, (*[24]byte)(box.Nonce), (*[32]byte)(shared))
		if !ok || string(got) != want {
			b.t.Errorf("decrypted %q, %v", got, ok)
		}
	}
}

func goEscapes(b *goBackend) {
	c := b.s.connect(b.a)
	const name, what = "private-A_=@,.;-", `App\Events\Über "x" / #1 +%20&`
	c.subscribe(name)
	b.must(b.Trigger(name, what, "\u2028 😀"))
	c.expect(fmt.Sprintf(`{"event":%s,"channel":%q,"data":"\u2028 😀"}`, quoted(what), name)) // as the library has escaped it
	if got, err := b.Channel(name, sdk.ChannelParams{}); err != nil || !got.Occupied {
		b.t.Errorf("channel %+v, %v", got, err)
	}
	for _, prefix := range []string{name, "a+b", "a%20b", "a,b;c=d", "ü/ü"} { // the library escapes nothing
		list, err := b.Channels(sdk.ChannelsParams{FilterByPrefix: &prefix})
		b.must(err)
		if want := prefix == name; contains(list.Channels, name) != want {
			b.t.Errorf("with %q: %+v", prefix, list)
		}
	}
}

func goIsRefused(b *goBackend) {
	wrong := *b.Client
	wrong.Secret = "wrong"
	b.fails(wrong.Trigger("news", "e", 1), "401 - "+pusherText("PUSHER_SECRET"))
	unknown := *b.Client
	unknown.AppID = "unknown"
	b.fails(unknown.Trigger("news", "e", 1), `404 - {"error":"The app unknown could not be found."`)
	_, err := b.GetChannelUsers("news")
	b.fails(err, "400 - "+pusherText("PUSHER_NOT_PRESENCE"))
	b.fails(b.Trigger("news", "pusher:error", 1), "400 - "+pusherText("PUSHER_INCORRECT_DATA"))
	large := *b.Client
	large.OverrideMaxMessagePayloadKB = 1000
	b.fails(large.Trigger("news", "e", strings.Repeat("x", 101<<10)), "413 - ")
}

// pusherText is how the body begins that tells a refusal.
func pusherText(name string) string {
	i := slices.IndexFunc(pusher.Refusals[:], func(r pusher.Refusal) bool { return r.Name == name })
	return fmt.Sprintf(`{"error":%q`, pusher.Refusals[i].Text)
}

func goVerifies(b *goBackend, receiver *hooked) {
	const name = "presence-hooked"
	c := b.s.connect(b.a)
	c.join(name, "7", "", "7", "{}")
	c.trigger(name, "client-x", `"{\"t\":1}"`) // the library reads nothing but strings
	c.unsubscribe(name)
	want := []sdk.WebhookEvent{
		{Name: "channel_occupied", Channel: name},
		{Name: "channel_vacated", Channel: name},
		{Name: "client_event", Channel: name, Event: "client-x", Data: `{"t":1}`, SocketID: c.id, UserID: "7"},
		{Name: "member_added", Channel: name, UserID: "7"},
		{Name: "member_removed", Channel: name, UserID: "7"},
	}
	var got []sdk.WebhookEvent
	other := *b.Client
	other.Secret = "other"
	until(b.t, "all webhooks", func() bool {
		got = nil
		for _, request := range receiver.all() {
			if !strings.Contains(request.RawBody, name) {
				continue
			}
			webhook, err := b.Webhook(request.header, []byte(request.RawBody))
			b.must(err)
			got = append(got, webhook.Events...)
			_, err = other.Webhook(request.header, []byte(request.RawBody))
			b.fails(err, "Invalid webhook")
		}
		slices.SortFunc(got, func(a, b sdk.WebhookEvent) int { return strings.Compare(a.Name, b.Name) })
		return slices.Equal(got, want)
	}, func() string { return fmt.Sprint(got) })
}
