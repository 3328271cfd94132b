package dynamodb

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"dormouse/claims"
	"dormouse/persistence/apps"
	"dormouse/persistence/apps/storetest"
)

// A served table is one whose apps the server looks up.
type served struct {
	*apps.Cache
	watch  *watch
	logged *logged
}

// serve makes a table of items that a cache reads, as the server has it. change, unless nil, makes it another table.
func serve(t *testing.T, change func(*sdk.CreateTableInput), items ...item) served {
	t.Helper()
	w := watched(t, dynalite.URL)
	s, l := open(t, w.URL, table(t, dynalite.URL, change, items...))
	c := apps.NewCache(s, apps.CacheOptions{Logger: slog.New(slog.NewTextHandler(l, nil))})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return served{c, w, l}
}

// said ends the cache, which writes to the log beside its answers, and returns what was logged.
func (s served) said(t *testing.T) *logged {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return s.logged
}

func (s served) byKey(t *testing.T, key string) *claims.App {
	t.Helper()
	a, err := s.ByKey(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// changed is soketi's sample with other attributes; nil takes one away.
func changed(attributes item) item {
	i := sample()
	maps.Copy(i, attributes)
	maps.DeleteFunc(i, func(_ string, v types.AttributeValue) bool { return v == nil })
	return i
}

// app is the app of the sample with other attributes.
func app(t *testing.T, attributes item) *claims.App {
	t.Helper()
	return serve(t, nil, changed(attributes)).byKey(t, "app-key")
}

func yes(v bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: v} }
func null() types.AttributeValue      { return &types.AttributeValueMemberNULL{Value: true} }

// sampleApp is what soketi's sample means.
func sampleApp() *claims.App {
	return &claims.App{
		ID: "app-id", Key: "app-key", Secret: "app-secret", Enabled: true, EnableWatchlist: true,
		MaxConnections: claims.Unlimited, MaxBackendEventsPerSecond: claims.Unlimited,
		MaxClientEventsPerSecond: claims.Unlimited, MaxReadRequestsPerSecond: claims.Unlimited,
		MaxPresenceMembersPerChannel: 100, MaxPresenceMemberSizeInKB: 2, MaxChannelNameLength: 200, MaxEventChannelsAtOnce: 100,
		MaxEventNameLength: 200, MaxEventPayloadInKB: 100, MaxEventBatchSize: 10,
	}
}

// is compares all but the delay of webhooks, which the server lends.
func is(t *testing.T, got, want *claims.App) {
	t.Helper()
	want.WebhookDelay = got.WebhookDelay
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

// dynalite is the server of the cases.
var dynalite *storetest.Server

// The apps of tables as soketi's users have them: what the server makes of an item, by the numbers of the acceptance
// cases.
func TestOnDynaliteCases(t *testing.T) {
	dynalite = servers.Dynalite(t)
	for _, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"A1 a key is looked up by the index", byIndex},
		{"A2 an id is looked up by the table's key", byTable},
		{"A3 what the ten classic attributes leave out is the server's", classicItem},
		{"A4 a disabled app in every type", disabled},
		{"A5 an enabled app in every type", enabled},
		{"A6 client messages in every type", clientMessages},
		{"A7 user authentication that is off is off", userAuthentication},
		{"A8 limits of -1 are the server's", negativeLimits},
		{"A9 one connection, as a number and as text", oneConnection},
		{"A10 no limit of connections", manyConnections},
		{"A11 an item without a secret is no app", noSecret},
		{"A12 webhooks as text, as a list, broken, and broken in part", webhooks},
		{"A13 of two apps with one key the smaller id", oneKeyTwice},
		{"A14 an index of keys alone", keysOnly},
		{"A15 a limit with a fraction", fraction},
	} {
		t.Run(c.name, c.run)
	}
}

func byIndex(t *testing.T) {
	s := serve(t, nil, sample())
	is(t, s.byKey(t, "app-key"), sampleApp())
	if took := s.watch.took(); took != "Query" {
		t.Errorf("it asked %s", took)
	}
}

func byTable(t *testing.T) {
	s := serve(t, nil, sample())
	a, err := s.ByID(t.Context(), "app-id")
	if err != nil {
		t.Fatal(err)
	}
	is(t, a, sampleApp())
	if took := s.watch.took(); took != "GetItem" {
		t.Errorf("it asked %s", took)
	}
}

func classicItem(t *testing.T) {
	if n := len(sample()); n != 10 {
		t.Fatalf("the sample has %d attributes", n)
	}
	is(t, app(t, nil), sampleApp())
}

func disabled(t *testing.T) {
	for _, v := range []types.AttributeValue{binary("false"), str("false"), num("0"), yes(false)} {
		if app(t, item{"Enabled": v}).Enabled {
			t.Errorf("%T: enabled", v)
		}
	}
}

func enabled(t *testing.T) {
	for _, v := range []types.AttributeValue{binary("true"), str("1"), num("1"), yes(true), null(), nil} {
		if !app(t, item{"Enabled": v}).Enabled {
			t.Errorf("%T: disabled", v)
		}
	}
}

func clientMessages(t *testing.T) {
	for _, c := range []struct {
		v    types.AttributeValue
		want bool
	}{
		{binary("true"), true},
		{binary("false"), false},
		{yes(true), true},
		{yes(false), false},
		{num("1"), true},
		{num("0"), false},
		{nil, false},
	} {
		if got := app(t, item{"EnableClientMessages": c.v}).EnableClientMessages; got != c.want {
			t.Errorf("%#v: %v", c.v, got)
		}
	}
}

func userAuthentication(t *testing.T) {
	s := serve(t, nil, changed(item{"EnableUserAuthentication": binary("false")}))
	if s.byKey(t, "app-key").EnableUserAuthentication {
		t.Error("it is on")
	}
	// soketi read it otherwise, so whoever comes from there is told.
	if l := s.said(t); l.count("EnableUserAuthentication") != 1 || l.count("app-id") == 0 {
		t.Errorf("logged:\n%s", l.text.String())
	}
}

func negativeLimits(t *testing.T) {
	seven := item{}
	for _, name := range []string{
		"MaxPresenceMembersPerChannel", "MaxPresenceMemberSizeInKb", "MaxChannelNameLength", "MaxEventChannelsAtOnce",
		"MaxEventNameLength", "MaxEventPayloadInKb", "MaxEventBatchSize",
	} {
		seven[name] = num("-1")
	}
	is(t, app(t, seven), sampleApp())
}

func oneConnection(t *testing.T) {
	for _, v := range []types.AttributeValue{num("1"), str("1")} {
		if got := app(t, item{"MaxConnections": v}).MaxConnections; got != 1 {
			t.Errorf("%T: %d", v, got)
		}
	}
}

func manyConnections(t *testing.T) {
	for _, v := range []types.AttributeValue{num("0"), num("-1"), nil} {
		if got := app(t, item{"MaxConnections": v}).MaxConnections; got != claims.Unlimited {
			t.Errorf("%#v: %d", v, got)
		}
	}
}

func noSecret(t *testing.T) {
	for _, v := range []types.AttributeValue{nil, null()} {
		s := serve(t, nil, changed(item{"AppSecret": v}))
		for range 2 {
			if a, err := s.ByKey(t.Context(), "app-key"); !errors.Is(err, claims.ErrNoApp) {
				t.Errorf("by key: %v, %v", a, err)
			}
			if a, err := s.ByID(t.Context(), "app-id"); !errors.Is(err, claims.ErrNoApp) {
				t.Errorf("by id: %v, %v", a, err)
			}
		}
		l := s.said(t)
		if n := l.count("level=ERROR"); n != 1 {
			t.Errorf("%d error lines:\n%s", n, l.text.String())
		}
	}
}

func webhooks(t *testing.T) {
	list := func(values ...types.AttributeValue) types.AttributeValue {
		return &types.AttributeValueMemberL{Value: values}
	}
	hook := func(attributes item) types.AttributeValue { return &types.AttributeValueMemberM{Value: attributes} }
	want := claims.Webhook{
		URL: "https://example.com/hook", EventTypes: []string{"channel_occupied", "member_added"},
		Headers: map[string]string{"X-Custom": "1"}, ChannelNameStartsWith: "presence-",
	}
	native := hook(item{
		"url": str(want.URL), "event_types": list(str("channel_occupied"), str("member_added")),
		"headers": hook(item{"X-Custom": num("1")}), "filter": hook(item{"channel_name_starts_with": str("presence-")}),
	})
	for _, c := range []struct {
		name string
		v    types.AttributeValue
		want []claims.Webhook
		says int
	}{
		{"JSON in text", str(`[{"url":"https://example.com/hook","event_types":["channel_occupied","member_added"],` +
			`"headers":{"X-Custom":"1"},"filter":{"channel_name_starts_with":"presence-"}}]`), []claims.Webhook{want}, 0},
		{"a list of maps", list(native), []claims.Webhook{want}, 0},
		{"broken JSON", str(`[{"url":`), nil, 1},
		{"one without event types", list(hook(item{"url": str("https://example.com/other")}), native), []claims.Webhook{want}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, nil, changed(item{"Webhooks": c.v}))
			if diff := cmp.Diff(c.want, s.byKey(t, "app-key").Webhooks); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
			l := s.said(t)
			if n := l.count("level=WARN"); n != c.says {
				t.Errorf("%d warnings, want %d:\n%s", n, c.says, l.text.String())
			}
		})
	}
}

func oneKeyTwice(t *testing.T) {
	s := serve(t, nil, changed(item{"AppId": str("two")}), changed(item{"AppId": str("one")}))
	if got := s.byKey(t, "app-key").ID; got != "one" {
		t.Errorf("app %q", got)
	}
	if l := s.said(t); l.count("level=ERROR") != 1 || l.count("several apps have one key") != 1 {
		t.Errorf("logged:\n%s", l.text.String())
	}
}

func keysOnly(t *testing.T) {
	s := serve(t, func(in *sdk.CreateTableInput) {
		in.GlobalSecondaryIndexes[0].Projection = &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
	}, sample())
	is(t, s.byKey(t, "app-key"), sampleApp())
	if took := s.watch.took(); took != "Query GetItem" {
		t.Errorf("it asked %s", took)
	}
}

func fraction(t *testing.T) {
	a := app(t, item{"MaxPresenceMemberSizeInKb": num("0.1")})
	if got := fmt.Sprint(a.MaxPresenceMemberSizeInKB); got != "0.1" {
		t.Errorf("%s KB", got)
	}
}
