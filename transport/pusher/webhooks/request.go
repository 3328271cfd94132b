package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The headers that only the server sets.
const (
	headerKey       = "X-Pusher-Key"
	headerSignature = "X-Pusher-Signature"
	headerID        = "X-Webhook-Id"
	reserved        = "x-pusher-"
)

// A header is one of a request's, in the order in which they are sent to a function.
type header struct{ name, value string }

// body makes what is sent of a parcel: time_ms is when the last of its events was written down.
//
// Source: Pusher docs, Webhooks, "Webhook format".
func (p *parcel) body() []byte {
	size, last := 64, int64(0)
	for _, it := range p.items {
		size += len(it.o.data) + 1
		last = max(last, it.o.at.UnixMilli())
	}
	b := append(make([]byte, 0, size), `{"time_ms":`...)
	b = append(strconv.AppendInt(b, last, 10), `,"events":[`...)
	for i, it := range p.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, it.o.data...)
	}
	return append(b, `]}`...)
}

// id tells requests apart that have different events: it is the event's own, or made of those of all.
func (p *parcel) id() string {
	if len(p.items) == 1 {
		return p.items[0].o.id.String()
	}
	h := sha256.New()
	for _, it := range p.items {
		h.Write(it.o.id[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// headers are those of a request with this body. The app's present secret signs, never the previous one.
func (p *parcel) headers(body []byte, version string) []header {
	all := []header{
		{"Accept", "application/json"},
		{"Content-Type", "application/json"}, // the SDK for Node compares all of it, so no charset
		{"User-Agent", strings.TrimSuffix("Dormouse/"+version, "/")},
	}
	set := func(name, value string) {
		if i := slices.IndexFunc(all, func(h header) bool { return strings.EqualFold(h.name, name) }); i >= 0 {
			all[i].value = value
			return
		}
		all = append(all, header{name, value})
	}
	for _, name := range slices.Sorted(maps.Keys(p.hook.Headers)) {
		if !strings.HasPrefix(strings.ToLower(name), reserved) {
			set(name, p.hook.Headers[name])
		}
	}
	set(headerKey, p.app.Key)
	set(headerSignature, sign(p.app.Secret, body))
	set(headerID, p.id())
	return all
}

// sign returns the lower-case hex HMAC-SHA256 of body.
//
// Source: Pusher docs, Webhooks, "Security".
func sign(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// invocation makes a function's payload: the body as it would be posted, and the headers.
//
// Source: soketi, Webhooks, "AWS Lambda".
func invocation(body []byte, headers []header) []byte {
	b := append(make([]byte, 0, len(body)+512), `{"payload":`...)
	b = append(append(b, body...), `,"headers":{`...)
	for i, h := range headers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, h.name), ':')
		b = appendQuoted(b, h.value)
	}
	return append(b, `}}`...)
}

func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the error says that s was not UTF-8, which is replaced
	return b
}
