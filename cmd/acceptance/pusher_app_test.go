package acceptance

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// A pusherApp is an app's record, and what its owners know.
type pusherApp struct {
	id, key, secret string
	fields          map[string]any // the rest, by soketi's names of SQL columns
}

// newPusherApp is an app with client events on. Its key is its id and "-key", its secret its id and "-secret".
func newPusherApp(id string, fields map[string]any) *pusherApp {
	return &pusherApp{id, id + "-key", id + "-secret", with(map[string]any{"enable_client_messages": true}, fields)}
}

// with returns fields and, where they say the same, more instead.
func with(fields, more map[string]any) map[string]any {
	all := maps.Clone(fields)
	maps.Copy(all, more)
	return all
}

// but is the app's record as its owner rewrites it. Clients and backends know it as before.
func (a *pusherApp) but(fields map[string]any) *pusherApp {
	return &pusherApp{a.id, a.key, a.secret, with(a.fields, fields)}
}

func (a *pusherApp) record() map[string]any {
	return with(map[string]any{"id": a.id, "key": a.key, "secret": a.secret}, a.fields)
}

// withApps is a configuration with these apps in its file.
func withApps(list ...*pusherApp) settings {
	records := []any{}
	for _, a := range list {
		records = append(records, a.record())
	}
	return settings{"apps.static": records}
}

// sign is a signature as the protocol's documents describe it.
func (a *pusherApp) sign(text string) string { return pusherSignature(a.secret, []byte(text)) }

func pusherSignature(secret string, text []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// auth is what the app's backend answers who wants to subscribe or sign in.
func (a *pusherApp) auth(text string) string { return a.key + ":" + a.sign(text) }

// hookEvents are all that a webhook may hear.
var hookEvents = []string{
	"channel_occupied", "channel_vacated", "member_added", "member_removed", "client_event", "cache_miss", "subscription_count",
}

// hookTo is a webhook that hears these events, or all.
func hookTo(url string, events ...string) map[string]any {
	if len(events) == 0 {
		events = hookEvents
	}
	return map[string]any{"url": url, "event_types": slices.Clone(events)}
}

// hooked is an app with webhooks, which are told at once who has left.
func hooked(id string, webhooks ...map[string]any) *pusherApp {
	return newPusherApp(id, map[string]any{"webhooks": webhooks, "webhook_delay_ms": 0})
}

// Frames of the protocol, byte by byte.

const pusherPing, pusherPong = `{"event":"pusher:ping","data":{}}`, `{"event":"pusher:pong","data":"{}"}`

func pusherSubscribed(channel string) string {
	return fmt.Sprintf(`{"event":"pusher_internal:subscription_succeeded","channel":%q,"data":"{}"}`, channel)
}

func pusherEvent(channel, name, data string) string {
	return fmt.Sprintf(`{"event":%q,"channel":%q,"data":%s}`, name, channel, data)
}

// pusherError is a pusher:error. code 0 is null; channel may be empty.
func pusherError(channel string, code int, message string) string {
	on, number := "", "null"
	if channel != "" {
		on = fmt.Sprintf(`,"channel":%q`, channel)
	}
	if code != 0 {
		number = fmt.Sprint(code)
	}
	return fmt.Sprintf(`{"event":"pusher:error"%s,"data":{"code":%s,"message":%s}}`, on, number, text(message))
}
