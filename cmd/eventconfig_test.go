package cmd

import (
	"strings"
	"testing"
	"time"
)

const testHookSecret = "whsec_YWNjZXB0YW5jZS1zZWNyZXQtb2YtMzItYnl0ZXMtbG8="

func TestEventConfig(t *testing.T) {
	oldSecret := write(t, "old", "0123456789abcdef0123456789abcdef\n")
	l := load(sources{file: write(t, "x.yaml", `
events:
  webhooks:
    - url: https://hooks.example.com/services/T0/secret-path
      secret: `+testHookSecret+`
      secrets: ["file:`+oldSecret+`"]
      types: [memberAdded, hotsock.memberRemoved]
      data_types: [channelMember]
      channels: ["presence.*"]
      format: sns
      timeout: 2s
    - {name: local, url: "http://127.0.0.1:9000/", secret: `+testHookSecret+`, allow_private: true}
  nats: {url: "nats://n1:4222,nats://n2:4222", jetstream: true, user: dora, password: open-sesame-open, channels: [game.*]}
  backlog: 5
`)})
	if err := l.faults.err(); err != nil {
		t.Fatal(err)
	}
	c, faults := l.validate(forServe)
	for _, f := range faults {
		if strings.HasPrefix(f.Key, "events") {
			t.Errorf("%v", f)
		}
	}
	hooks := c.endpoints.webhooks
	if len(hooks) != 2 || len(hooks[0].Secrets) != 2 || hooks[0].Timeout != 2*time.Second || hooks[1].Name != "local" {
		t.Fatalf("%d webhooks, %d secrets", len(hooks), len(hooks[0].Secrets))
	}
	if !hooks[0].Wants("hotsock.memberAdded", "channelMember", "presence.x") || hooks[0].Wants("hotsock.memberUpdated", "channelMember", "presence.x") {
		t.Error("the types are not what the file says")
	}
	if n := c.endpoints.nats; n == nil || !n.JetStream || n.Password != "open-sesame-open" || n.Prefix != "hotsock.v1" || n.Wants("hotsock.connected", "connection", "") {
		t.Errorf("NATS is not what the file says")
	}
	if c.Actors.Events.Backlog != 5 {
		t.Errorf("backlog %d", c.Actors.Events.Backlog)
	}
	var printed strings.Builder
	l.print(&printed)
	for _, secret := range []string{"secret-path", "YWNjZXB0", "0123456789abcdef", "open-sesame-open"} {
		if strings.Contains(printed.String(), secret) {
			t.Errorf("printed: %s", secret)
		}
	}
	if !strings.Contains(printed.String(), "https://hooks.example.com/…") {
		t.Errorf("it is not told where a webhook goes:\n%s", printed.String())
	}
}

func TestEventFaults(t *testing.T) {
	hook := func(rest string) string { return "events:\n  webhooks: [{" + rest + "}]\n" }
	good := `url: "https://example.com/", secret: ` + testHookSecret
	for _, c := range []struct{ name, file, want string }{
		{"a webhook without a url", hook("secret: " + testHookSecret), "webhook 1: url is missing"},
		{"a webhook without a secret", hook(`url: "https://example.com/"`), "webhook 1: secret is missing"},
		{"a weak secret", hook(`url: "https://example.com/", secret: short`), "webhook 1: secret 1: it has 5 bytes, wants 24 to 64; make one with"},
		{"plain HTTP", hook(`url: "http://example.com/", secret: ` + testHookSecret), "use https, or allow_private: true"},
		{"an unknown type", hook(good + ", types: [memberAded]"), `"hotsock.memberAded" is no type of event; did you mean hotsock.memberAdded?`},
		{"an unknown data type", hook(good + ", data_types: [msg]"), `data_types: "msg" is none of channel, channelMember`},
		{"an unknown format", hook(good + ", format: xml"), `format "xml" is none of`},
		{"an unknown key", hook(good + ", secert: x"), `unknown key "secert", none of name, url, secret, secrets, types, data_types, channels, format, allow_private, timeout; did you mean secret?`},
		{"a bad pattern", hook(good + `, channels: ["#regex:("]`), "channels: #regex:("},
		{"one name twice", "events:\n  webhooks: [{" + good + "}, {" + good + "}]\n", "its name example.com-"},
		{"a timeout without a unit", hook(good + ", timeout: 5"), "timeout: "},
		{"not even webhooks", "events: {webhooks: yes}\n", "write [{url: https://…, secret: …}]"},
		{"a password in a URL", "events: {nats: {url: \"nats://a:b@x\"}}\n", "has a user or password"},
		{"a bad prefix", "events: {nats: {url: \"nats://x\", prefix: \"a.>\"}}\n", "is no beginning of a subject"},
		{"NATS without a URL", "events: {nats: {jetstream: true}}\n", "is missing, and other settings of NATS are there"},
		{"credentials that are not there", "events: {nats: {url: \"nats://x\", credentials: /none/such.creds}}\n", "there is no file /none/such.creds"},
		{"an unknown type for NATS", "events: {nats: {url: \"nats://x\", types: [x]}}\n", "is no type of event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := load(sources{file: write(t, "x.yaml", c.file)}).validate(forServe)
			text := faults.Error()
			if !strings.Contains(text, c.want) {
				t.Errorf("got\n%s\nwant %s", text, c.want)
			}
			if strings.Contains(text, "YWNjZXB0") {
				t.Errorf("a secret is told: %s", text)
			}
		})
	}
}
