package acceptance

import (
	"strings"
	"testing"
)

// S7: what the library for Node.js encrypts, pusher-js reads, and nobody between them.
func TestOnNodeS7EncryptedChannels(t *testing.T) {
	t.Parallel()
	a := newPusherApp("a", nil)
	s := servePusher(t, nil, a)
	client, between := nodeClient(t, nil, s, a, false), talk(t, s, a)
	for _, channel := range []string{"private-encrypted-x", "private-encrypted-cache-x"} {
		client.tell("subscribe " + channel)
		client.expect("subscribed " + channel)
		between.check(between.asks(t.Context(), channel, ""))
		between.expect(pusherSubscribed(channel))
	}
	between.expect(`{"event":"pusher:cache_miss","channel":"private-encrypted-cache-x","data":"{}"}`)
	backend := nodeBackend(t, s, a)
	for _, channel := range []string{"private-encrypted-x", "private-encrypted-cache-x"} {
		request := map[string]any{"trigger": []any{channel, "news", map[string]string{"text": "nobody's business"}}}
		if said := backend.asks(request); said != `{"status":200,"body":"{\"ok\":true}"}` {
			t.Errorf("the backend is answered %s", said)
		}
		client.expect("told " + channel + ` news {"text":"nobody's business"}`)
		frame, err := between.next(t.Context())
		if err != nil || !strings.Contains(frame, `ciphertext`) || strings.Contains(frame, "nobody's business") {
			t.Errorf("who has no key reads %s, %v", frame, err)
		}
	}
	late := nodeClient(t, nil, s, a, false)
	late.tell("subscribe private-encrypted-cache-x")
	late.expect("subscribed private-encrypted-cache-x", `told private-encrypted-cache-x news {"text":"nobody's business"}`)
}
