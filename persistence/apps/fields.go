package apps

import "slices"

// Field is one attribute of an app, by its names in a config file, in DynamoDB and as a column. A record may use any
// of them, whatever its source.
type Field struct{ Camel, Pascal, Snake string }

// Fields returns all attributes that Decode reads: soketi's eighteen in the order of its documentation, then those
// that only we have, which tables need not have.
func Fields() []Field { return slices.Clone(fields) }

var (
	fieldID                   = Field{"id", "AppId", "id"}
	fieldKey                  = Field{"key", "AppKey", "key"}
	fieldSecret               = Field{"secret", "AppSecret", "secret"}
	fieldMaxConnections       = Field{"maxConnections", "MaxConnections", "max_connections"}
	fieldClientMessages       = Field{"enableClientMessages", "EnableClientMessages", "enable_client_messages"}
	fieldEnabled              = Field{"enabled", "Enabled", "enabled"}
	fieldBackendEvents        = Field{"maxBackendEventsPerSecond", "MaxBackendEventsPerSecond", "max_backend_events_per_sec"}
	fieldClientEvents         = Field{"maxClientEventsPerSecond", "MaxClientEventsPerSecond", "max_client_events_per_sec"}
	fieldReadRequests         = Field{"maxReadRequestsPerSecond", "MaxReadRequestsPerSecond", "max_read_req_per_sec"}
	fieldWebhooks             = Field{"webhooks", "Webhooks", "webhooks"}
	fieldPresenceMembers      = Field{"maxPresenceMembersPerChannel", "MaxPresenceMembersPerChannel", "max_presence_members_per_channel"}
	fieldPresenceMemberSize   = Field{"maxPresenceMemberSizeInKb", "MaxPresenceMemberSizeInKb", "max_presence_member_size_in_kb"}
	fieldChannelNameLength    = Field{"maxChannelNameLength", "MaxChannelNameLength", "max_channel_name_length"}
	fieldEventChannels        = Field{"maxEventChannelsAtOnce", "MaxEventChannelsAtOnce", "max_event_channels_at_once"}
	fieldEventNameLength      = Field{"maxEventNameLength", "MaxEventNameLength", "max_event_name_length"}
	fieldEventPayload         = Field{"maxEventPayloadInKb", "MaxEventPayloadInKb", "max_event_payload_in_kb"}
	fieldEventBatch           = Field{"maxEventBatchSize", "MaxEventBatchSize", "max_event_batch_size"}
	fieldUserAuthentication   = Field{"enableUserAuthentication", "EnableUserAuthentication", "enable_user_authentication"}
	fieldAllowedOrigins       = Field{"allowedOrigins", "AllowedOrigins", "allowed_origins"}
	fieldSubscriptionCount    = Field{"enableSubscriptionCount", "EnableSubscriptionCount", "enable_subscription_count"}
	fieldWatchlist            = Field{"enableWatchlist", "EnableWatchlist", "enable_watchlist"}
	fieldStorageEvents        = Field{"enableStorageEvents", "EnableStorageEvents", "enable_storage_events"}
	fieldClientEventsOnPublic = Field{"allowClientEventsOnPublic", "AllowClientEventsOnPublic", "allow_client_events_on_public"}
	fieldPreviousSecret       = Field{"previousSecret", "PreviousSecret", "previous_secret"}
	fieldNamespace            = Field{"namespace", "Namespace", "namespace"}
	fieldWebhookDelay         = Field{"webhookDelayMs", "WebhookDelayMs", "webhook_delay_ms"}
)

var fields = []Field{
	fieldID,
	fieldKey,
	fieldSecret,
	fieldMaxConnections,
	fieldClientMessages,
	fieldEnabled,
	fieldBackendEvents,
	fieldClientEvents,
	fieldReadRequests,
	fieldWebhooks,
	fieldPresenceMembers,
	fieldPresenceMemberSize,
	fieldChannelNameLength,
	fieldEventChannels,
	fieldEventNameLength,
	fieldEventPayload,
	fieldEventBatch,
	fieldUserAuthentication,
	fieldAllowedOrigins,
	fieldSubscriptionCount,
	fieldWatchlist,
	fieldStorageEvents,
	fieldClientEventsOnPublic,
	fieldPreviousSecret,
	fieldNamespace,
	fieldWebhookDelay,
}

// Name returns how a record is called, for people: its id and key, each "" if it has none that is text.
func Name(r Record) (id, key string) { return fieldID.text(r), fieldKey.text(r) }

// switches are the fields that are true or false.
var switches = []Field{
	fieldClientMessages, fieldEnabled, fieldUserAuthentication, fieldSubscriptionCount, fieldWatchlist,
	fieldStorageEvents, fieldClientEventsOnPublic,
}

// IsSwitch reports whether the attribute is true or false. A writer of records who means one of these should have a
// boolean in them, not a word, which soketi may have read otherwise.
func (f Field) IsSwitch() bool { return slices.Contains(switches, f) }

// in returns the field's value in r and the name that it was found by: of the names that r has with a value that is
// not empty, the last in the order camelCase, PascalCase, snake_case.
func (f Field) in(r Record) (name string, value any, ok bool) {
	for _, n := range [...]string{f.Snake, f.Pascal, f.Camel} {
		if v := r[n]; !empty(v) {
			return n, v, true
		}
	}
	return f.Camel, nil, false
}

// text is the field's value in r as text, "" if it has none.
func (f Field) text(r Record) string {
	_, v, _ := f.in(r)
	text, _ := readText(v)
	return text
}

// String lists the names.
func (f Field) String() string {
	if f.Snake == f.Camel {
		return f.Camel + " or " + f.Pascal
	}
	return f.Camel + ", " + f.Pascal + " or " + f.Snake
}
