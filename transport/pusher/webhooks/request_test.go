package webhooks

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/claims"
)

// vector is the body of which the signature is known.
const vector = `{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"test_channel"}]}`

func vectorParcel() *parcel {
	o := &occurrence{id: ulid.MustParse("01HZX3V4E5F6G7H8J9K0M1N2P3"), at: time.UnixMilli(1327078148132), data: []byte(`{"name":"channel_occupied","channel":"test_channel"}`)}
	return &parcel{
		app:   &claims.App{ID: "app-id", Key: "app-key", Secret: "app-secret", PreviousSecret: "old"},
		hook:  claims.Webhook{URL: "http://x/", EventTypes: all},
		items: []*item{{o: o}},
	}
}

func headerOf(all []header, name string) (value string, times int) {
	for _, h := range all {
		if strings.EqualFold(h.name, name) {
			value, times = h.value, times+1
		}
	}
	return value, times
}

func TestTheSignatureThatIsKnown(t *testing.T) {
	p := vectorParcel()
	body := p.body()
	if string(body) != vector {
		t.Errorf("body %s", body)
	}
	const want = "07febe80396240f7536142fd6a6d0aa0abcb249bc80f47e9d499a6b8f3b61511"
	if got, n := headerOf(p.headers(body, "9"), "X-Pusher-Signature"); got != want || n != 1 {
		t.Errorf("signature %s", got)
	}
	// The secret that is being replaced verifies what comes in, and signs nothing.
	p.app = &claims.App{Key: "app-key", Secret: "new", PreviousSecret: "app-secret"}
	if got, _ := headerOf(p.headers(body, "9"), "X-Pusher-Signature"); got == want {
		t.Error("the previous secret has signed")
	}
}

func TestW2HeadersOfOnesOwn(t *testing.T) {
	p := vectorParcel()
	p.hook.Headers = map[string]string{
		"X-Mine": "1", "x-pusher-key": "forged", "X-PUSHER-SIGNATURE": "forged", "X-Pusher-Other": "forged", "x-webhook-id": "forged", "user-agent": "Mine/1",
	}
	headers := p.headers([]byte(vector), "9")
	for name, want := range map[string]string{
		"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "Mine/1", "X-Mine": "1", "X-Pusher-Key": "app-key",
		"X-Pusher-Signature": "07febe80396240f7536142fd6a6d0aa0abcb249bc80f47e9d499a6b8f3b61511", "X-Webhook-Id": "01HZX3V4E5F6G7H8J9K0M1N2P3",
	} {
		if got, n := headerOf(headers, name); got != want || n != 1 {
			t.Errorf("%s: %q, %d times", name, got, n)
		}
	}
	if len(headers) != 7 {
		t.Errorf("%q", headers)
	}
	p.hook.Headers = nil
	if got, _ := headerOf(p.headers(nil, "9"), "User-Agent"); got != "Dormouse/9" {
		t.Errorf("agent %q", got)
	}
	if got, _ := headerOf(p.headers(nil, ""), "User-Agent"); got != "Dormouse" {
		t.Errorf("agent %q", got)
	}
}

func TestABatch(t *testing.T) {
	p := vectorParcel()
	second := &occurrence{id: ulid.MustParse("01HZX3V4E5F6G7H8J9K0M1N2P4"), at: time.UnixMilli(1327078148200), data: []byte(`{"name":"cache_miss","channel":"cache-x"}`)}
	alone := p.id()
	p.items = append(p.items, &item{o: second})
	if got, want := string(p.body()), `{"time_ms":1327078148200,"events":[{"name":"channel_occupied","channel":"test_channel"},{"name":"cache_miss","channel":"cache-x"}]}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	both := p.id()
	if both == alone || both != p.id() {
		t.Errorf("id %s", both)
	}
	p.items[0], p.items[1] = p.items[1], p.items[0]
	if p.id() == both {
		t.Error("another request has the same id")
	}
}

func TestInvocation(t *testing.T) {
	p := vectorParcel()
	p.hook.Headers = map[string]string{"X-Quoted": `a"b`}
	b := invocation([]byte(vector), p.headers([]byte(vector), "9"))
	var got struct {
		Payload json.RawMessage
		Headers map[string]string
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if string(got.Payload) != vector || got.Headers["X-Quoted"] != `a"b` || got.Headers["X-Pusher-Key"] != "app-key" || sign("app-secret", got.Payload) != got.Headers["X-Pusher-Signature"] {
		t.Errorf("%s", b)
	}
}
