package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"dormouse/persistence/apps"
)

func same(t *testing.T, got apps.Record, err error, want apps.Record) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func none(t *testing.T, r apps.Record, err error) {
	t.Helper()
	if !errors.Is(err, apps.ErrNoRecord) {
		t.Errorf("found %v, %v; want ErrNoRecord", r, err)
	}
}

func outage(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, apps.ErrNoRecord) {
		t.Errorf("error %v; want an outage", err)
	}
}

// sampleRecord is the record of the item that soketi documents.
var sampleRecord = apps.Record{
	"AppId": "app-id", "AppKey": "app-key", "AppSecret": "app-secret", "MaxConnections": json.Number("-1"),
	"EnableClientMessages": []byte("false"), "Enabled": []byte("true"), "MaxBackendEventsPerSecond": json.Number("-1"),
	"MaxClientEventsPerSecond": json.Number("-1"), "MaxReadRequestsPerSecond": json.Number("-1"), "Webhooks": "[]",
}

func TestOnDynaliteSoketisItemIsRead(t *testing.T) {
	server := servers.Dynalite(t)
	w := watched(t, server.URL)
	s, l := open(t, w.URL, table(t, server.URL, nil, sample()))

	r, err := s.ByKey(t.Context(), "app-key")
	same(t, r, err, sampleRecord)
	if took := w.took(); took != "Query" {
		t.Errorf("by key it asked %s, want one Query", took)
	}
	r, err = s.ByID(t.Context(), "app-id")
	same(t, r, err, sampleRecord)
	if took := w.took(); took != "GetItem" {
		t.Errorf("by id it asked %s, want one GetItem", took)
	}

	for _, name := range []string{"APP-ID", "app-id ", "app-key"} {
		r, err := s.ByID(t.Context(), name)
		none(t, r, err)
	}
	for _, name := range []string{"APP-KEY", "app-key ", "app-id"} {
		r, err := s.ByKey(t.Context(), name)
		none(t, r, err)
	}
	w.took()
	for _, name := range []string{"", "\xff", strings.Repeat("k", longestKey+1)} {
		r, err := s.ByID(t.Context(), name)
		none(t, r, err)
		r, err = s.ByKey(t.Context(), name)
		none(t, r, err)
	}
	if took := w.took(); took != "" {
		t.Errorf("for what cannot be a key it asked %s", took)
	}
	longest := strings.Repeat("k", longestKey)
	r, err = s.ByID(t.Context(), longest)
	none(t, r, err)
	r, err = s.ByKey(t.Context(), longest)
	none(t, r, err)
	if l.text.Len() > 0 && l.count("placeholders") != 1 {
		t.Errorf("logged:\n%s", l.text.String())
	}
}

func TestOnDynaliteValuesStayWhatTheyAre(t *testing.T) {
	server := servers.Dynalite(t)
	s, _ := open(t, server.URL, table(t, server.URL, nil, item{
		"AppId": str("i"), "AppKey": str("k"), "AppSecret": str("s"),
		"Text": str("π\u0000"), "Number": num("12.70"), "Big": num("12345678901234567890123456789012345678"), "Binary": binary("\xb6\xbb\x9e"),
		"Yes": &types.AttributeValueMemberBOOL{Value: true}, "No": &types.AttributeValueMemberBOOL{}, "Null": &types.AttributeValueMemberNULL{Value: true},
		"Strings": &types.AttributeValueMemberSS{Value: []string{"https://a.test"}}, "Numbers": &types.AttributeValueMemberNS{Value: []string{"7"}},
		"Binaries": &types.AttributeValueMemberBS{Value: [][]byte{{0}}},
		"Webhooks": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			&types.AttributeValueMemberM{Value: item{"url": str("https://a.test"), "event_types": &types.AttributeValueMemberL{Value: []types.AttributeValue{str("cache_miss")}}}},
		}},
	}))
	r, err := s.ByID(t.Context(), "i")
	same(t, r, err, apps.Record{
		"AppId": "i", "AppKey": "k", "AppSecret": "s",
		"Text": "π\u0000", "Number": json.Number("12.7"), "Big": json.Number("12345678901234567890123456789012345678"), "Binary": []byte("\xb6\xbb\x9e"),
		"Yes": true, "No": false, "Null": nil,
		"Strings": []any{"https://a.test"}, "Numbers": []any{json.Number("7")}, "Binaries": []any{[]byte{0}},
		"Webhooks": []any{map[string]any{"url": "https://a.test", "event_types": []any{"cache_miss"}}},
	})
}

func TestOnDynaliteSmallestOfOneKey(t *testing.T) {
	server := servers.Dynalite(t)
	var items []item
	for _, id := range []string{"c", "b", "a", "d"} {
		items = append(items, item{"AppId": str(id), "AppKey": str("shared"), "AppSecret": str("of " + id)})
	}
	s, l := open(t, server.URL, table(t, server.URL, nil, items...))
	for range 3 {
		r, err := s.ByKey(t.Context(), "shared")
		same(t, r, err, apps.Record{"AppId": "a", "AppKey": "shared", "AppSecret": "of a"})
	}
	if n := l.count("level=ERROR"); n != 1 {
		t.Errorf("%d error lines, want 1:\n%s", n, l.text.String())
	}
}

func TestOnDynaliteIndexOfKeysOnly(t *testing.T) {
	server := servers.Dynalite(t)
	keysOnly := func(in *sdk.CreateTableInput) {
		in.GlobalSecondaryIndexes[0].Projection = &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
	}
	w := watched(t, server.URL)
	s, _ := open(t, w.URL, table(t, server.URL, keysOnly, sample()))
	r, err := s.ByKey(t.Context(), "app-key")
	same(t, r, err, sampleRecord)
	if took := w.took(); took != "Query GetItem" {
		t.Errorf("it asked %s", took)
	}
}

func TestOnDynaliteItemWithoutSecret(t *testing.T) {
	server := servers.Dynalite(t)
	i := sample()
	delete(i, "AppSecret")
	s, _ := open(t, server.URL, table(t, server.URL, nil, i))
	want := apps.Record{}
	for name, v := range sampleRecord {
		if name != "AppSecret" {
			want[name] = v
		}
	}
	r, err := s.ByKey(t.Context(), "app-key")
	same(t, r, err, want) // the decoder refuses it; nothing is made up
}

func TestOnDynaliteTableOrIndexMissing(t *testing.T) {
	server := servers.Dynalite(t)
	s, _ := open(t, server.URL, "nowhere")
	_, err := s.ByID(t.Context(), "app-id")
	if outage(t, err); !strings.Contains(err.Error(), "no table nowhere in region us-east-1") {
		t.Errorf("error %v", err)
	}
	noIndex := func(in *sdk.CreateTableInput) {
		in.GlobalSecondaryIndexes = nil
		in.AttributeDefinitions = in.AttributeDefinitions[:1]
	}
	s, _ = open(t, server.URL, table(t, server.URL, noIndex, sample()))
	r, err := s.ByID(t.Context(), "app-id")
	same(t, r, err, sampleRecord)
	_, err = s.ByKey(t.Context(), "app-key")
	if outage(t, err); !strings.Contains(err.Error(), "no index AppKeyIndex") {
		t.Errorf("error %v", err)
	}
}

// The server is down at the start, comes, dies with connections open, and comes back where it was.
func TestOnDynaliteThatComesAndGoes(t *testing.T) {
	server := servers.Dynalite(t)
	server.Stop()
	const name = "apps_that_come_and_go"
	s, _ := open(t, server.URL, name)
	down := func() {
		t.Helper()
		_, err := s.ByID(t.Context(), "app-id")
		outage(t, err)
		_, err = s.ByKey(t.Context(), "app-key")
		outage(t, err)
	}
	down()
	for range 2 {
		server.Start(t)
		fill(t, server.URL, name, nil, sample())
		r, err := s.ByKey(t.Context(), "app-key")
		same(t, r, err, sampleRecord)
		r, err = s.ByID(t.Context(), "other")
		none(t, r, err)
		server.Stop()
		down()
	}
	// An app made while its key was asked for in vain.
	server.Start(t)
	fill(t, server.URL, name, nil)
	r, err := s.ByKey(t.Context(), "app-key")
	none(t, r, err)
	put(t, server.URL, name, sample())
	r, err = s.ByKey(t.Context(), "app-key")
	same(t, r, err, sampleRecord)
}

func TestOnDynaliteClosedSource(t *testing.T) {
	server := servers.Dynalite(t)
	s, _ := open(t, server.URL, table(t, server.URL, nil, sample()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.ByID(ctx, "app-id")
	if outage(t, err); !errors.Is(err, context.Canceled) {
		t.Errorf("an asker who has gone hears %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = s.ByID(t.Context(), "app-id")
	outage(t, err)
	_, err = s.ByKey(t.Context(), "app-key")
	outage(t, err)
}

func TestSchemaNamesTheTable(t *testing.T) {
	for name, want := range map[string]string{"": "apps", "tenants": "tenants"} {
		var in sdk.CreateTableInput
		if err := json.Unmarshal([]byte(Schema(name)), &in); err != nil || aws.ToString(in.TableName) != want {
			t.Errorf("Schema(%q) names %q, %v", name, aws.ToString(in.TableName), err)
		}
	}
}
