package appstest

import (
	"dormouse/persistence/apps"
)

// Pascal is item in DynamoDB's spelling.
func Pascal(item apps.Record) apps.Record {
	return renamed(item, func(f apps.Field) string { return f.Pascal })
}

// Snake is item in SQL's spelling.
func Snake(item apps.Record) apps.Record {
	return renamed(item, func(f apps.Field) string { return f.Snake })
}

func renamed(item apps.Record, name func(apps.Field) string) apps.Record {
	out := apps.Record{}
	for _, f := range apps.Fields() {
		if v, ok := item[f.Camel]; ok {
			out[name(f)] = v
		}
	}
	return out
}

// Item is an app with the least that it needs: id, key and a secret made of the id.
func Item(id, key string) apps.Record {
	return apps.Record{"id": id, "key": key, "secret": id + "-secret"}
}

// with is item with more attributes, in pairs of name and value.
func with(item apps.Record, pairs ...any) apps.Record {
	for i := 0; i < len(pairs); i += 2 {
		item[pairs[i].(string)] = pairs[i+1]
	}
	return item
}

// whole is an item with all that soketi's schema has, each with another value than its default.
func whole() apps.Record {
	return with(Item("whole", "whole-key"),
		"maxConnections", int64(101),
		"enableClientMessages", true,
		"enabled", false,
		"maxBackendEventsPerSecond", int64(102),
		"maxClientEventsPerSecond", int64(103),
		"maxReadRequestsPerSecond", int64(0),
		"webhooks", []any{
			map[string]any{
				"url":         "https://example.com/hook?a=1&b=ü",
				"event_types": []any{"channel_occupied", "member_added"},
				"headers":     map[string]any{"X-Custom": "a \"quoted\" value"},
				"filter":      map[string]any{"channel_name_starts_with": "presence-", "channel_name_ends_with": "-x"},
			},
			map[string]any{
				"lambda_function": "handler",
				"lambda":          map[string]any{"async": true, "region": "eu-west-1"},
				"event_types":     []any{"client_event"},
			},
		},
		"maxPresenceMembersPerChannel", int64(104),
		"maxPresenceMemberSizeInKb", int64(5),
		"maxChannelNameLength", int64(106),
		"maxEventChannelsAtOnce", int64(107),
		"maxEventNameLength", int64(108),
		"maxEventPayloadInKb", int64(109),
		"maxEventBatchSize", int64(110),
		"enableUserAuthentication", true,
	)
}

// classic is soketi's documented item: the ten attributes that its oldest tables have.
func classic() apps.Record {
	return with(Item("classic", "classic-key"),
		"maxConnections", int64(-1),
		"enableClientMessages", false,
		"enabled", true,
		"maxBackendEventsPerSecond", int64(-1),
		"maxClientEventsPerSecond", int64(-1),
		"maxReadRequestsPerSecond", int64(-1),
		"webhooks", []any{},
	)
}
