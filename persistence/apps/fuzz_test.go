package apps

import (
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dormouse/claims"
)

// check is what holds for every record, whatever is in it.
func check(t interface{ Fatalf(string, ...any) }, r Record, d Defaults) {
	app, warnings, err := Decode(r, d)
	if err != nil {
		if app != nil || !errors.Is(err, ErrInvalid) {
			t.Fatalf("%v: %v, %v", r, app, err)
		}
		return
	}
	if app.ID == "" || app.Key == "" || app.Secret == "" || len(app.ID) > claims.MaxAppName || len(app.Key) > claims.MaxAppName {
		t.Fatalf("%v: an app without a name: %+v", r, app)
	}
	if app.MaxConnections == 0 {
		t.Fatalf("%v: nobody may connect", r)
	}
	for _, n := range []int{
		app.MaxConnections, app.MaxBackendEventsPerSecond, app.MaxClientEventsPerSecond, app.MaxReadRequestsPerSecond,
	} {
		if n < claims.Unlimited || n > maxLimit {
			t.Fatalf("%v: a limit of %d", r, n)
		}
	}
	for _, n := range []float64{
		float64(app.MaxPresenceMembersPerChannel), app.MaxPresenceMemberSizeInKB, float64(app.MaxChannelNameLength),
		float64(app.MaxEventChannelsAtOnce), float64(app.MaxEventNameLength), app.MaxEventPayloadInKB, float64(app.MaxEventBatchSize),
	} {
		if !(n > 0 && n <= maxLimit) {
			t.Fatalf("%v: a limit of %v lets nothing through", r, n)
		}
	}
	if app.WebhookDelay < 0 || app.WebhookDelay > maxWebhookDelay {
		t.Fatalf("%v: a delay of %v", r, app.WebhookDelay)
	}
	for _, h := range app.Webhooks {
		if (h.URL == "") == (h.Lambda == nil) || len(h.EventTypes) == 0 {
			t.Fatalf("%v: the webhook %+v", r, h)
		}
		if u, err := url.Parse(h.URL); err != nil || h.URL != "" && u.Host == "" {
			t.Fatalf("%v: the webhook %+v: %v", r, h, err)
		}
		for _, e := range h.EventTypes {
			if !slices.Contains(claims.WebhookEvents[:], e) {
				t.Fatalf("%v: the event %q", r, e)
			}
		}
		for name, value := range h.Headers {
			if strings.ContainsAny(name+value, "\r\n") {
				t.Fatalf("%v: the header %q: %q", r, name, value)
			}
		}
	}
	if len(warnings) > maxWarnings {
		t.Fatalf("%v: %d warnings", r, len(warnings))
	}
	for _, w := range warnings {
		if w.App != app.ID || w.Attribute == "" || w.Text == "" || strings.ContainsAny(w.Text, "\r\n") {
			t.Fatalf("%v: the warning %q", r, w)
		}
	}
	again, _, err := Decode(r, d)
	if err != nil || !same(app, again) {
		t.Fatalf("%v: %+v, then %+v", r, app, again)
	}
}

// anything is any value that a source can hand over, and some that none does.
func anything() *rapid.Generator[any] {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ ]?[-+]?[0-9]{0,30}(\.[0-9]{0,5})?([eE][-+]?[0-9]{1,4})?x?`),
		rapid.SampledFrom([]string{"", "true", "FALSE", "on", "-1", "0", "NaN", "Infinity", "[]", "{}", "null", "[{}]", `[{"url":`}))
	leaf := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(text, func(s string) any { return s }),
		rapid.Map(text, func(s string) any { return []byte(s) }),
		rapid.Map(text, func(s string) any { return json.Number(s) }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.Uint64(), func(n uint64) any { return n }),
		rapid.Map(rapid.Int8(), func(n int8) any { return n }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.SampledFrom([]any{math.NaN(), math.Inf(1), math.Inf(-1), struct{}{}, []string{"a"}, make(chan int), error(nil)}),
	)
	list := func(of *rapid.Generator[any]) *rapid.Generator[any] {
		return rapid.Map(rapid.SliceOfN(of, 0, 4), func(l []any) any { return l })
	}
	object := func(of *rapid.Generator[any]) *rapid.Generator[any] {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"url", "lambda_function", "lambda", "async", "region", "client_options", "credentials", "accessKeyId",
			"event_types", "headers", "filter", "channel_name_starts_with", "channel_name_ends_with",
		}))
		return rapid.Map(rapid.MapOfN(name, of, 0, 6), func(m map[string]any) any { return m })
	}
	v := leaf
	for range 3 {
		v = rapid.OneOf(leaf, v, list(v), object(v))
	}
	hook := rapid.Custom(func(t *rapid.T) any {
		return map[string]any{
			"url":         rapid.OneOf(rapid.Just[any]("https://a.example"), v).Draw(t, "url"),
			"event_types": rapid.OneOf(rapid.Just[any]([]any{"cache_miss"}), v).Draw(t, "types"),
			"headers":     v.Draw(t, "headers"),
			"filter":      rapid.OneOf(rapid.Just[any](nil), v).Draw(t, "filter"),
		}
	})
	return rapid.OneOf(v, list(hook))
}

func TestAnyRecordGivesAWorkingAppOrNone(t *testing.T) {
	var names []string
	for _, f := range Fields() {
		names = append(names, f.Camel, f.Pascal, f.Snake)
	}
	values := anything()
	rapid.Check(t, func(t *rapid.T) {
		r := Record(rapid.MapOfN(rapid.OneOf(rapid.SampledFrom(names), rapid.String()), values, 0, 30).Draw(t, "record"))
		for _, name := range []string{"id", "key", "secret"} {
			if rapid.IntRange(0, 9).Draw(t, "named") > 0 {
				r[name] = rapid.StringN(1, 10, 40).Draw(t, name)
			}
		}
		check(t, r, Defaults{
			MaxEventBatchSize:   rapid.IntRange(-5, 1000).Draw(t, "default"),
			MaxEventPayloadInKB: rapid.SampledFrom([]float64{0, -1, math.NaN(), 3}).Draw(t, "default size"),
			LegacyTruthiness:    rapid.Bool().Draw(t, "legacy"),
		})
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("maxConnections", "-1", `[{"url":"https://a.example","event_types":["cache_miss"]}]`)
	f.Add("Enabled", "false", `[{"lambda_function":"f","lambda":{"client_options":{"credentials":{}}},"event_types":"[]"}]`)
	f.Add("allowed_origins", `["`, `[{"url":"https://a.example","event_types":["cache_miss"],"headers":{"a\r\n":""},"filter":"{}"}]`)
	f.Add("webhookDelayMs", "1e99", `[[[[`)
	f.Fuzz(func(t *testing.T, name, value, webhooks string) {
		r := record("webhooks", webhooks)
		for _, v := range []any{value, []byte(value), json.Number(value)} {
			r[name] = v
			check(t, r, Defaults{})
		}
	})
}
