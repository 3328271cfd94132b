package apps

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dormouse/claims"
)

func TestWebhooks(t *testing.T) {
	hook := func(change func(*claims.Webhook)) []claims.Webhook {
		h := claims.Webhook{URL: "https://a.example/", EventTypes: []string{"channel_occupied"}}
		if change != nil {
			change(&h)
		}
		return []claims.Webhook{h}
	}
	lambda := func(change func(*claims.LambdaTarget)) []claims.Webhook {
		return hook(func(h *claims.Webhook) {
			h.URL, h.Lambda = "", &claims.LambdaTarget{Function: "f", Region: "us-east-1"}
			change(h.Lambda)
		})
	}
	for _, tt := range []struct {
		name   string
		in     string // as text; read natively as well
		want   []claims.Webhook
		warned string // a part of the only warning
	}{
		{"none", `[]`, nil, ""},
		{"null", `null`, nil, ""},
		{"one", `[{"url":"https://a.example/","event_types":["channel_occupied"]}]`, hook(nil), ""},
		{
			"everything",
			`[{"url":"https://a.example/","event_types":["channel_occupied"],"headers":{"X-A":"b","X-N":5},
				"filter":{"channel_name_starts_with":"a","channel_name_ends_with":"z"}}]`,
			hook(func(h *claims.Webhook) {
				h.Headers = map[string]string{"X-A": "b", "X-N": "5"}
				h.ChannelNameStartsWith, h.ChannelNameEndsWith = "a", "z"
			}), "",
		},
		{"url wins over lambda", `[{"url":"https://a.example/","lambda_function":"f","event_types":["channel_occupied"]}]`, hook(nil), ""},
		{"lambda without lambda", `[{"lambda_function":"f","event_types":["channel_occupied"]}]`, lambda(func(*claims.LambdaTarget) {}), ""},
		{
			"lambda with everything",
			`[{"lambda_function":"f","lambda":{"async":true,"region":"r","client_options":{"endpoint":"http://e",
				"credentials":{"accessKeyId":"k","secretAccessKey":"s","sessionToken":"t"}}},"region":"other","event_types":["channel_occupied"]}]`,
			lambda(func(l *claims.LambdaTarget) {
				*l = claims.LambdaTarget{
					Function: "f", Async: true, Region: "r", Endpoint: "http://e",
					AccessKeyID: "k", SecretAccessKey: "s", SessionToken: "t",
				}
			}), "",
		},
		{
			"lambda with the older form of credentials, and a region as soketi's text has it",
			`[{"lambda_function":"f","lambda":{"client_options":{"accessKeyId":"k","secretAccessKey":"s"}},"region":"r","event_types":["channel_occupied"]}]`,
			lambda(func(l *claims.LambdaTarget) { l.Region, l.AccessKeyID, l.SecretAccessKey = "r", "k", "s" }), "",
		},
		{
			"lambda that is no map",
			`[{"lambda_function":"f","lambda":5,"event_types":["channel_occupied"]}]`,
			lambda(func(*claims.LambdaTarget) {}), "webhooks[0].lambda is a number",
		},
		{
			"one without event types does not take the others with it",
			`[{"url":"https://b.example"},{"url":"https://a.example/","event_types":["channel_occupied"]}]`,
			hook(nil), "webhooks[0].event_types names no event",
		},
		{"no event types at all", `[{"url":"https://b.example","event_types":[]}]`, nil, "webhooks[0].event_types names no event"},
		{"event types in text", `[{"url":"https://a.example/","event_types":"[\"channel_occupied\"]"}]`, hook(nil), ""},
		{"one event type as text", `[{"url":"https://a.example/","event_types":"channel_occupied"}]`, hook(nil), ""},
		{"an event type twice", `[{"url":"https://a.example/","event_types":["channel_occupied","channel_occupied"]}]`, hook(nil), ""},
		{
			"an event type that nobody knows",
			`[{"url":"https://a.example/","event_types":["channel_occupied","channel_exploded"]}]`,
			hook(nil), `webhooks[0].event_types has "channel_exploded", which is no event`,
		},
		{
			"an event type that is no text",
			`[{"url":"https://a.example/","event_types":["channel_occupied",{}]}]`,
			hook(nil), "webhooks[0].event_types has a map in its list",
		},
		{"no target", `[{"event_types":["channel_occupied"]}]`, nil, "webhooks[0] has neither url nor lambda_function"},
		{"a relative address", `[{"url":"/hook","event_types":["channel_occupied"]}]`, nil, "webhooks[0].url is not an absolute"},
		{"another scheme", `[{"url":"file:///etc/passwd","event_types":["channel_occupied"]}]`, nil, "webhooks[0].url is not an absolute"},
		{"no address", `[{"url":"http://","event_types":["channel_occupied"]}]`, nil, "webhooks[0].url is not an absolute"},
		{"a filter that cannot be read", `[{"url":"https://a.example/","event_types":["channel_occupied"],"filter":[]}]`, nil, "webhooks[0].filter is a list"},
		{
			"a part of a filter that cannot be read",
			`[{"url":"https://a.example/","event_types":["channel_occupied"],"filter":{"channel_name_ends_with":[]}}]`,
			nil, "webhooks[0].filter.channel_name_ends_with is a list",
		},
		{
			"the server's own headers",
			`[{"url":"https://a.example/","event_types":["channel_occupied"],"headers":{"x-pusher-KEY":"mine","X-A":"b"}}]`,
			hook(func(h *claims.Webhook) { h.Headers = map[string]string{"X-A": "b"} }), `"x-pusher-KEY", which only the server sets`,
		},
		{
			"a header with a line break",
			`[{"url":"https://a.example/","event_types":["channel_occupied"],"headers":{"X-A":"b\r\nX-B: c"}}]`,
			hook(func(h *claims.Webhook) { h.Headers = map[string]string{} }), `has a value under "X-A"`,
		},
		{
			"a header's name that is none",
			`[{"url":"https://a.example/","event_types":["channel_occupied"],"headers":{"X A":"b"}}]`,
			hook(func(h *claims.Webhook) { h.Headers = map[string]string{} }), `has the name "X A"`,
		},
		{"headers that are no map", `[{"url":"https://a.example/","event_types":["channel_occupied"],"headers":7}]`, hook(nil), "webhooks[0].headers is a number"},
		{"an entry that is no map", `["https://a.example"]`, nil, "webhooks[0] is text, expected a map"},
		{"a map instead of a list", `{"url":"https://a.example/","event_types":["channel_occupied"]}`, nil, "webhooks is a map, expected a list"},
		{"a number", `5`, nil, "webhooks is a number, expected a list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			native, err := parseJSON(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			for form, v := range map[string]any{"text": tt.in, "bytes": []byte(tt.in), "native": native} {
				a, warnings := decoded(t, record("webhooks", v), Defaults{})
				if diff := cmp.Diff(tt.want, a.Webhooks); diff != "" {
					t.Errorf("%s (-want +got):\n%s", form, diff)
				}
				if text := fmt.Sprint(warnings); (tt.warned == "") != (len(warnings) == 0) || len(warnings) > 1 || !strings.Contains(text, tt.warned) {
					t.Errorf("%s: warnings %s, want %q", form, text, tt.warned)
				}
			}
		})
	}
}

func TestWebhooksThatAreNoJSON(t *testing.T) {
	for name, in := range map[string]any{
		"broken":          `[{"url":`,
		"two values":      `[] []`,
		"text after":      `[] x`,
		"a word":          `none`,
		"space":           ` `,
		"too long":        "[" + strings.Repeat(" ", maxJSONText) + "]",
		"nested too deep": strings.Repeat("[", 200_000),
		"a boolean":       true,
		"a number":        json.Number("1"),
	} {
		a, warnings := decoded(t, record("Webhooks", in), Defaults{})
		if len(a.Webhooks) != 0 || len(warnings) != 1 || warnings[0].Attribute != "Webhooks" {
			t.Errorf("%s: %v, warnings %v", name, a.Webhooks, warnings)
		}
	}
}

func TestWebhooksAreBounded(t *testing.T) {
	one := map[string]any{"url": "https://a.example", "event_types": []any{"cache_miss"}}
	bad := map[string]any{"url": "https://a.example"}
	var many, faults []any
	for range maxWebhooks + 1 {
		many, faults = append(many, one), append(faults, bad)
	}
	if a, warnings := decoded(t, record("webhooks", many), Defaults{}); len(a.Webhooks) != maxWebhooks || len(warnings) != 1 {
		t.Errorf("%d webhooks, warnings %v", len(a.Webhooks), warnings)
	}
	if a, warnings := decoded(t, record("webhooks", faults), Defaults{}); len(a.Webhooks) != 0 || len(warnings) != maxWarnings {
		t.Errorf("%d webhooks, %d warnings", len(a.Webhooks), len(warnings))
	}
}

// An app is immutable: what it has must not be what the source may use again.
func TestAnAppSharesNothingWithItsRecord(t *testing.T) {
	headers := map[string]any{"X-A": "b"}
	origins := []any{"https://a.example"}
	secret := []byte("a-secret")
	a, _ := decoded(t, record("secret", secret, "allowedOrigins", origins, "webhooks", []any{map[string]any{
		"url": "https://a.example", "event_types": []any{"cache_miss"}, "headers": headers,
	}}), Defaults{})
	secret[0], origins[0], headers["X-A"] = 'X', "https://evil.example", "c"
	if a.Secret != "a-secret" || a.AllowedOrigins[0] != "https://a.example" || a.Webhooks[0].Headers["X-A"] != "b" {
		t.Errorf("%+v", a)
	}
}
