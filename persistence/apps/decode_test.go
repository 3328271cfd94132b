package apps

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dormouse/claims"
)

// record is an app with more attributes, in pairs of name and value.
func record(pairs ...any) Record {
	r := Record{"id": "a", "key": "a-key", "secret": "a-secret"}
	for i := 0; i < len(pairs); i += 2 {
		r[pairs[i].(string)] = pairs[i+1]
	}
	return r
}

func decoded(t testing.TB, r Record, d Defaults) (*claims.App, []Warning) {
	t.Helper()
	app, warnings, err := Decode(r, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range warnings {
		if !strings.Contains(w.String(), `"a"`) || w.Attribute == "" || !strings.Contains(w.String(), w.Attribute) {
			t.Errorf("the warning %q does not name app and attribute", w)
		}
		if strings.Contains(w.String(), "-secret") {
			t.Errorf("the warning %q shows a secret", w)
		}
	}
	return app, warnings
}

// plain is what a record with nothing but a name means.
func plain() *claims.App {
	return &claims.App{
		ID: "a", Key: "a-key", Secret: "a-secret", Enabled: true, EnableWatchlist: true,
		MaxConnections: -1, MaxBackendEventsPerSecond: -1, MaxClientEventsPerSecond: -1, MaxReadRequestsPerSecond: -1,
		MaxPresenceMembersPerChannel: 100, MaxPresenceMemberSizeInKB: 2, MaxChannelNameLength: 200,
		MaxEventChannelsAtOnce: 100, MaxEventNameLength: 200, MaxEventPayloadInKB: 100, MaxEventBatchSize: 10,
		WebhookDelay: 3 * time.Second,
	}
}

func TestSamples(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   Record
		want func(*claims.App)
	}{
		{"a record with a name only has every default", record(), func(*claims.App) {}},
		{
			"soketi's DynamoDB item",
			Record{
				"AppId": "a", "AppKey": "a-key", "AppSecret": "a-secret", "MaxConnections": json.Number("-1"),
				"EnableClientMessages": []byte("false"), "Enabled": []byte("true"),
				"MaxBackendEventsPerSecond": json.Number("-1"), "MaxClientEventsPerSecond": json.Number("-1"),
				"MaxReadRequestsPerSecond": json.Number("-1"), "Webhooks": "[]",
			},
			func(*claims.App) {},
		},
		{
			"soketi's seven limits of -1 are the server's, not an app that can do nothing",
			record("maxPresenceMembersPerChannel", json.Number("-1"), "maxPresenceMemberSizeInKb", json.Number("-1"),
				"maxChannelNameLength", json.Number("-1"), "maxEventChannelsAtOnce", json.Number("-1"),
				"maxEventNameLength", json.Number("-1"), "maxEventPayloadInKb", json.Number("-1"),
				"maxEventBatchSize", json.Number("-1")),
			func(*claims.App) {},
		},
		{
			"a row of soketi's SQL table",
			Record{
				"id": "a", "key": "a-key", "secret": "a-secret", "max_connections": int64(200),
				"enable_client_messages": int64(1), "enabled": int64(1), "max_backend_events_per_sec": int64(-1),
				"max_client_events_per_sec": int64(5), "max_read_req_per_sec": int64(0), "webhooks": nil,
				"max_presence_members_per_channel": int64(50), "max_presence_member_size_in_kb": int64(3),
				"max_channel_name_length": int64(127), "max_event_channels_at_once": nil,
				"max_event_name_length": int64(0), "max_event_payload_in_kb": "0.5",
				"max_event_batch_size": int64(20), "enable_user_authentication": int64(1), "created_at": time.Now(),
			},
			func(a *claims.App) {
				a.MaxConnections, a.EnableClientMessages, a.MaxClientEventsPerSecond = 200, true, 5
				a.MaxReadRequestsPerSecond, a.MaxPresenceMembersPerChannel, a.MaxPresenceMemberSizeInKB = 0, 50, 3
				a.MaxChannelNameLength, a.MaxEventPayloadInKB, a.MaxEventBatchSize = 127, 0.5, 20
				a.EnableUserAuthentication = true
			},
		},
		{
			"what only we have",
			record("allowedOrigins", []any{"https://a.example", "https://b.example/"}, "enableSubscriptionCount", true,
				"enableWatchlist", false, "allowClientEventsOnPublic", "yes", "previousSecret", "older",
				"webhookDelayMs", json.Number("0"), "enableStorageEvents", "on"),
			func(a *claims.App) {
				a.AllowedOrigins = []string{"https://a.example", "https://b.example"}
				a.EnableSubscriptionCount, a.EnableWatchlist, a.AllowClientEventsOnPublic = true, false, true
				a.PreviousSecret, a.WebhookDelay, a.EnableStorageEvents = "older", 0, true
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, warnings := decoded(t, tt.in, Defaults{})
			want := plain()
			tt.want(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(warnings) > 0 {
				t.Errorf("warnings: %v", warnings)
			}
		})
	}
}

// TestTruthiness is the table of what soketi and we make of a boolean, row by row; def stands for the default.
func TestTruthiness(t *testing.T) {
	const def = "default"
	type three [3]string // EnableClientMessages, Enabled, EnableUserAuthentication
	all := func(s string) three { return three{s, s, s} }
	for _, tt := range []struct {
		stored       any
		ours, soketi three
		warned       three // "soketi": read otherwise there; "unreadable"
	}{
		{stored: true, ours: all("true"), soketi: all("true")},
		{stored: false, ours: all("false"), soketi: all("false")},
		{stored: []byte("true"), ours: all("true"), soketi: all("true")},
		{stored: []byte("false"), ours: all("false"), soketi: three{"false", "true", "true"}, warned: three{"", "soketi", "soketi"}},
		{stored: "true", ours: all("true"), soketi: all("true")},
		{stored: "false", ours: all("false"), soketi: all("true"), warned: all("soketi")},
		{stored: json.Number("1"), ours: all("true"), soketi: all("true")},
		{stored: json.Number("0"), ours: all("false"), soketi: all("false")},
		{stored: json.Number("-2.5"), ours: all("true"), soketi: all("true")},
		{stored: json.Number("0.0"), ours: all("false"), soketi: all("false")},
		{stored: []byte("nonsense"), ours: all(def), soketi: three{"false", "true", "true"}, warned: all("unreadable")},
		{stored: []byte{0xff, 0xfe}, ours: all(def), soketi: three{"false", "true", "true"}, warned: all("unreadable")},
		{stored: nil, ours: all(def), soketi: all(def)},
		{stored: "", ours: all(def), soketi: all(def)},
		{stored: []byte{}, ours: all(def), soketi: all(def)},

		// The word true, sent by a client that takes it for base64.
		{stored: []byte{0xb6, 0xbb, 0x9e}, ours: all("true"), soketi: three{"false", "true", "true"}, warned: three{"soketi", "", ""}},
		// Bytes with another word than soketi's.
		{stored: []byte("1"), ours: all("true"), soketi: three{"false", "true", "true"}, warned: three{"soketi", "", ""}},
		{stored: []byte("OFF"), ours: all("false"), soketi: three{"false", "true", "true"}, warned: three{"", "soketi", "soketi"}},
		// SQL.
		{stored: int64(1), ours: all("true"), soketi: all("true")},
		{stored: int64(0), ours: all("false"), soketi: all("false")},
		{stored: []byte{1}, ours: all("true"), soketi: three{"false", "true", "true"}, warned: three{"soketi", "", ""}},
		{stored: []byte{0}, ours: all("false"), soketi: three{"false", "true", "true"}, warned: three{"", "soketi", "soketi"}},
		// Text.
		{stored: " Yes\n", ours: all("true"), soketi: all("true")},
		{stored: "nonsense", ours: all(def), soketi: all("true"), warned: all("unreadable")},
		{stored: "2", ours: all(def), soketi: all("true"), warned: all("unreadable")},
		{stored: []any{}, ours: all(def), soketi: all("true"), warned: all("unreadable")},
		{stored: map[string]any{}, ours: all(def), soketi: all("true"), warned: all("unreadable")},
	} {
		for i, name := range []string{"EnableClientMessages", "Enabled", "EnableUserAuthentication"} {
			defaults := [...]string{"false", "true", "false"}
			read := func(d Defaults) (string, []Warning) {
				a, warnings := decoded(t, record(name, tt.stored), d)
				return fmt.Sprint([...]bool{a.EnableClientMessages, a.Enabled, a.EnableUserAuthentication}[i]), warnings
			}
			want := func(s string) string {
				if s == def {
					return defaults[i]
				}
				return s
			}
			got, warnings := read(Defaults{})
			if got != want(tt.ours[i]) {
				t.Errorf("%s %q: %s, want %s", name, tt.stored, got, tt.ours[i])
			}
			warned := ""
			for _, w := range warnings {
				warned = "unreadable"
				if strings.Contains(w.Text, "apps.legacy_truthiness") {
					warned = "soketi"
				}
				if w.Attribute != name {
					t.Errorf("%s %q: warning of %s", name, tt.stored, w.Attribute)
				}
			}
			if warned != tt.warned[i] || len(warnings) > 1 {
				t.Errorf("%s %q: warnings %v, want %q", name, tt.stored, warnings, tt.warned[i])
			}
			if got, warnings := read(Defaults{LegacyTruthiness: true}); got != want(tt.soketi[i]) || len(warnings) > 0 {
				t.Errorf("%s %q in soketi's reading: %s %v, want %s", name, tt.stored, got, warnings, tt.soketi[i])
			}
		}
	}
}

func TestWords(t *testing.T) {
	for _, w := range strings.Fields("true t yes y on 1 TRUE T Yes oN") {
		if b, ok := readBool(w); !b || !ok {
			t.Errorf("%q: %t %t", w, b, ok)
		}
	}
	for _, w := range strings.Fields("false f no n off 0 FALSE F No oFf") {
		if b, ok := readBool(w); b || !ok {
			t.Errorf("%q: %t %t", w, b, ok)
		}
	}
	for _, w := range []string{"tru", "yess", "2", "-1", "enabled", "ｔrue", "true false"} {
		if _, ok := readBool(w); ok {
			t.Errorf("%q is read", w)
		}
	}
}

func TestNumbers(t *testing.T) {
	const no = math.MinInt
	for _, tt := range []struct {
		in    any
		whole int // no: not read
		real  float64
	}{
		{"200", 200, 200},
		{json.Number("200"), 200, 200},
		{[]byte("200"), 200, 200},
		{"12.7", 12, 12.7},
		{json.Number("12.7"), 12, 12.7},
		{" \t+7\n", 7, 7},
		{"-1", -1, -1},
		{"-0.5", 0, -0.5},
		{"12 per second", 12, 12},
		{"1e3", 1, 1000},
		{json.Number("1e3"), 1000, 1000},
		{json.Number("1.5E+2"), 150, 150},
		{"2.5e", 2, 2.5},
		{"2.5e+", 2, 2.5},
		{"7.", 7, 7},
		{".5", no, 0.5},
		{"-.5e1", no, -5},
		{".", no, no},
		{"0x10", 0, 0},
		{"1_000", 1, 1},
		{"Infinity", no, no},
		{"NaN", no, no},
		{"inf", no, no},
		{"-", no, no},
		{"+-1", no, no},
		{"a1", no, no},
		{" ", no, no},
		{"٣", no, no},
		{int64(-3), -3, -3},
		{int(4), 4, 4},
		{int8(4), 4, 4},
		{int16(4), 4, 4},
		{int32(4), 4, 4},
		{uint(4), 4, 4},
		{uint8(4), 4, 4},
		{uint16(4), 4, 4},
		{uint32(4), 4, 4},
		{uint64(math.MaxUint64), maxLimit, maxLimit},
		{float32(0.5), 0, 0.5},
		{2.9, 2, 2.9},
		{-2.9, -2, -2.9},
		{math.NaN(), no, no},
		{math.Inf(1), no, no},
		{math.Inf(-1), no, no},
		{strings.Repeat("9", 500), maxLimit, maxLimit},
		{"-" + strings.Repeat("9", 500), -maxLimit, -maxLimit},
		{"1e999", 1, maxLimit},
		{json.Number("1e999"), maxLimit, maxLimit},
		{json.Number("-1e999"), -maxLimit, -maxLimit},
		{json.Number("nonsense"), no, no},
		{true, no, no},
		{[]any{1}, no, no},
		{map[string]any{}, no, no},
		{struct{}{}, no, no},
	} {
		if n, ok := readInt(tt.in); ok != (tt.whole != no) || ok && n != tt.whole {
			t.Errorf("%#v as an integer: %d %t, want %d", tt.in, n, ok, tt.whole)
		}
		if f, ok := readFloat(tt.in); ok != (tt.real != no) || ok && f != tt.real {
			t.Errorf("%#v as a number: %v %t, want %v", tt.in, f, ok, tt.real)
		}
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct {
		in   any
		want string // "": not read
	}{
		{"text", "text"},
		{" kept ", " kept "},
		{json.Number("12345678901234567890"), "12345678901234567890"},
		{json.Number("0010"), "0010"},
		{[]byte("bytes"), "bytes"},
		{[]byte{0xff}, "\xff"},
		{int64(123), "123"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{123.0, "123"},
		{1.5, "1.5"},
		{float32(1.5), "1.5"},
		{math.NaN(), ""},
		{true, ""},
		{[]any{"a"}, ""},
		{map[string]any{"a": "b"}, ""},
	} {
		if got, ok := readText(tt.in); ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%#v: %q %t, want %q", tt.in, got, ok, tt.want)
		}
	}
}

// TestLimits has the sign rules of each limit.
func TestLimits(t *testing.T) {
	read := func(name string, v any) (any, []Warning) {
		a, warnings := decoded(t, record(name, v), Defaults{MaxEventBatchSize: 11, MaxEventPayloadInKB: 0.25})
		switch name {
		case "maxConnections":
			return a.MaxConnections, warnings
		case "maxClientEventsPerSecond":
			return a.MaxClientEventsPerSecond, warnings
		case "maxEventBatchSize":
			return a.MaxEventBatchSize, warnings
		}
		return a.MaxEventPayloadInKB, warnings
	}
	for _, tt := range []struct {
		name   string
		in     any
		want   any
		warned bool
	}{
		{"maxConnections", "1", 1, false},
		{"maxConnections", json.Number("1"), 1, false},
		{"maxConnections", "0", -1, false},
		{"maxConnections", "-1", -1, false},
		{"maxConnections", "-7", -1, false},
		{"maxConnections", "many", -1, true},
		{"maxConnections", true, -1, true},
		{"maxClientEventsPerSecond", "3", 3, false},
		{"maxClientEventsPerSecond", "0", 0, false},
		{"maxClientEventsPerSecond", "-7", -1, false},
		{"maxClientEventsPerSecond", []any{}, -1, true},
		{"maxEventBatchSize", "5", 5, false},
		{"maxEventBatchSize", "0", 11, false},
		{"maxEventBatchSize", "0.9", 11, false},
		{"maxEventBatchSize", "-1", 11, false},
		{"maxEventBatchSize", nil, 11, false},
		{"maxEventBatchSize", "", 11, false},
		{"maxEventBatchSize", "ten", 11, true},
		{"maxEventPayloadInKb", "0.05", 0.05, false},
		{"maxEventPayloadInKb", "1e-1", 0.1, false},
		{"maxEventPayloadInKb", "0", 0.25, false},
		{"maxEventPayloadInKb", -1.5, 0.25, false},
		{"maxEventPayloadInKb", "ten", 0.25, true},
	} {
		got, warnings := read(tt.name, tt.in)
		if got != tt.want || (len(warnings) == 1) != tt.warned || len(warnings) > 1 {
			t.Errorf("%s %#v: %v, warnings %v; want %v, warned %t", tt.name, tt.in, got, warnings, tt.want, tt.warned)
		}
	}
}

func TestSpellings(t *testing.T) {
	names := map[string]bool{}
	for _, f := range Fields() {
		for _, n := range []string{f.Camel, f.Pascal, f.Snake} {
			names[n] = true
		}
		for _, tt := range []struct {
			in   Record
			want string
		}{
			{Record{f.Camel: "camel"}, "camel"},
			{Record{f.Pascal: "pascal"}, "pascal"},
			{Record{f.Snake: "snake"}, "snake"},
			{Record{f.Camel: "camel", f.Pascal: "pascal"}, map[bool]string{true: "camel", false: "pascal"}[f.Snake == f.Camel]},
			{Record{f.Camel: "camel", f.Pascal: "pascal", f.Snake: "snake"}, "snake"},
			{Record{f.Pascal: "pascal", f.Snake: ""}, "pascal"},
			{Record{f.Pascal: "pascal", f.Snake: nil}, "pascal"},
			{Record{f.Camel: []byte{}, f.Pascal: "pascal"}, "pascal"},
			{Record{}, ""},
		} {
			if got := f.text(tt.in); got != tt.want {
				t.Errorf("%v: %q, want %q", tt.in, got, tt.want)
			}
		}
	}
	// Names without capitals are the same in a file and as a column: six of them.
	if want := 3*len(Fields()) - 6; len(names) != want {
		t.Errorf("%d names, want %d", len(names), want)
	}
}

func TestNoApp(t *testing.T) {
	long := strings.Repeat("x", claims.MaxAppName+1)
	for _, tt := range []struct {
		name string
		in   Record
		want []string // parts of the error
	}{
		{"nothing", nil, []string{"id", "AppId", "key", "AppKey", "secret", "AppSecret"}},
		{"no secret", Record{"AppId": "a", "AppKey": "k"}, []string{`app "a"`, "AppSecret"}},
		{"an empty secret", record("secret", ""), []string{"secret"}},
		{"a null secret", record("secret", nil), []string{"secret"}},
		{"a boolean for a secret", record("secret", true), []string{"secret is a boolean, expected text"}},
		{"no key", Record{"id": "a", "secret": "s"}, []string{"AppKey"}},
		{"a list for an id", record("id", []any{"a"}), []string{"id is a list, expected text"}},
		{"an id that is too long", record("id", long), []string{"id has 2049 bytes, at most 2048"}},
		{"a key that is too long", record("key", long), []string{"key has 2049 bytes, at most 2048"}},
	} {
		app, _, err := Decode(tt.in, Defaults{})
		if app != nil || !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v, want ErrInvalid", tt.name, app, err)
			continue
		}
		for _, part := range tt.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error %q does not have %q", tt.name, err, part)
			}
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, tt := range []struct {
		name   string
		in     any
		want   []string
		warned int
	}{
		{"absent", nil, nil, 0},
		{"an empty list is no restriction", []any{}, nil, 0},
		{"a list", []any{"https://a.example"}, []string{"https://a.example"}, 0},
		{"JSON in text", `["https://a.example"]`, []string{"https://a.example"}, 0},
		{"JSON in bytes", []byte(`["https://a.example"]`), []string{"https://a.example"}, 0},
		{"text with commas", "https://a.example, https://b.example/", []string{"https://a.example", "https://b.example"}, 0},
		{"a star is any", []any{"https://a.example", "*"}, nil, 0},
		{"a list with something else in it", []any{"https://a.example", true}, []string{"https://a.example"}, 1},
		{"a list with nothing usable allows none", []any{true}, []string{}, 1},
		{"broken JSON allows none", `["https://a.example`, []string{}, 2},
		{"a map allows none", map[string]any{}, []string{}, 1},
	} {
		a, warnings := decoded(t, record("allowedOrigins", tt.in), Defaults{})
		if diff := cmp.Diff(tt.want, a.AllowedOrigins); diff != "" || len(warnings) != tt.warned {
			t.Errorf("%s: %v\n%s", tt.name, warnings, diff)
		}
	}
}

func TestExtras(t *testing.T) {
	a, warnings := decoded(t, record("namespace", "shared", "previous_secret", []any{"x"}, "webhookDelayMs", "soon"), Defaults{})
	if a.Namespace() != "pusher/a" || a.PreviousSecret != "" || a.WebhookDelay != 3*time.Second || len(warnings) != 3 {
		t.Errorf("%+v, warnings %v", a, warnings)
	}
	if a, warnings := decoded(t, record("webhookDelayMs", "7200000"), Defaults{}); a.WebhookDelay != time.Hour || len(warnings) != 1 {
		t.Errorf("delay %v, warnings %v", a.WebhookDelay, warnings)
	}
	if a, _ := decoded(t, record(), Defaults{WebhookDelay: -1}); a.WebhookDelay != 0 {
		t.Errorf("delay %v, want none", a.WebhookDelay)
	}
	if a, _ := decoded(t, record("webhookDelayMs", int64(0)), Defaults{}); a.WebhookDelay != 0 {
		t.Errorf("delay %v, want none", a.WebhookDelay)
	}
	if a, _ := decoded(t, record(), Defaults{AllowClientEventsOnPublic: true}); !a.AllowClientEventsOnPublic {
		t.Error("the server's switch is not the default")
	}
}
