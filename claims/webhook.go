package claims

// Webhook is one place that hears what happens in an app's channels. Either URL or Lambda is set, never both.
//
// Source: Pusher Channels, "Webhooks"; soketi, "Webhooks".
type Webhook struct {
	// URL is an absolute http or https address. "": Lambda says where.
	URL string
	// Lambda is the function to invoke, nil if there is a URL.
	Lambda *LambdaTarget
	// EventTypes are the events that it hears, at least one, each once, out of WebhookEvents.
	EventTypes []string
	// Headers go with every request. Names and values are valid in HTTP; the two of the signature,
	// X-Pusher-Key and X-Pusher-Signature, are never among them. May be nil.
	Headers map[string]string
	// ChannelNameStartsWith and ChannelNameEndsWith: only of channels named so. Both must hold; "" always does.
	ChannelNameStartsWith, ChannelNameEndsWith string
}

// LambdaTarget is a function on AWS Lambda.
type LambdaTarget struct {
	// Function is its name or ARN.
	Function string
	// Async: it is not waited for.
	Async bool
	// Region, "us-east-1" if the record has none.
	Region string
	// Endpoint in place of AWS's own. "": AWS's.
	Endpoint string
	// AccessKeyID, SecretAccessKey and SessionToken, if the record has them; else the server's own
	// credentials are meant.
	AccessKeyID, SecretAccessKey, SessionToken string
}

// WebhookEvents are the names that [Webhook.EventTypes] may have.
var WebhookEvents = [...]string{
	"channel_occupied", "channel_vacated", "member_added", "member_removed",
	"client_event", "cache_miss", "subscription_count",
}
