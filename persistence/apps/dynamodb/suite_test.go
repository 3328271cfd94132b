package dynamodb

import (
	"encoding/json"
	"strconv"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"dormouse/persistence/apps"
	"dormouse/persistence/apps/appstest"
)

func TestOnDynaliteSuite(t *testing.T) {
	server := servers.Dynalite(t)
	appstest.Run(t, func(t *testing.T, records []apps.Record) apps.Source {
		var items []item
		for _, r := range records {
			items = append(items, asItem(t, r))
		}
		s, _ := open(t, server.URL, table(t, server.URL, nil, items...))
		return s
	})
	appstest.RunLive(t, func(t *testing.T) appstest.Table {
		name := table(t, server.URL, nil)
		held := map[string]item{}
		s, _ := open(t, server.URL, name)
		return appstest.Table{
			Source: s,
			Put: func(records ...apps.Record) {
				for _, r := range records {
					i := asItem(t, r)
					held[text(i["AppId"])] = i
					put(t, server.URL, name, i)
				}
			},
			Delete: func(ids ...string) {
				for _, id := range ids {
					delete(held, id)
					in := &sdk.DeleteItemInput{TableName: &name, Key: item{"AppId": str(id)}}
					if _, err := administrator(server.URL).DeleteItem(t.Context(), in); err != nil {
						t.Fatal(err)
					}
				}
			},
			Stop: server.Stop,
			Start: func() { // with what it held, since it forgets
				server.Start(t)
				fill(t, server.URL, name, nil)
				for _, i := range held {
					put(t, server.URL, name, i)
				}
			},
		}
	})
}

// asItem is a record in the types of soketi's documentation: numbers as N, booleans as bytes with their word, webhooks
// as text with JSON. Empty text is left out.
func asItem(t *testing.T, r apps.Record) item {
	t.Helper()
	i := item{}
	for name, v := range appstest.Pascal(r) {
		switch v := v.(type) {
		case string:
			if v != "" {
				i[name] = str(v)
			}
		case int64:
			i[name] = num(strconv.FormatInt(v, 10))
		case bool:
			i[name] = binary(strconv.FormatBool(v))
		case []any:
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			i[name] = str(string(text))
		default:
			t.Fatalf("%s is a %T", name, v)
		}
	}
	return i
}
