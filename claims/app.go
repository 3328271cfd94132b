package claims

import (
	"errors"
	"log/slog"
	"strings"
	"time"
)

// DefaultAppID is the id of the app that serves the Hotsock surface, which knows no tenants.
const DefaultAppID = "default"

// App is a tenant of the Pusher surface: who may sign for it, what it may do and how much of it. Nothing is
// shared between two apps.
//
// An App comes out of an [Apps], with every limit resolved: no field needs a default any more. It is never
// changed; a changed record is a new App. The zero value is no app.
// Source: Pusher Channels, "Channels apps"; soketi, "App Management".
type App struct {
	// ID is the tenant: HTTP paths name it, and Namespace is made of it. 1 to MaxAppName bytes, any bytes.
	ID string
	// Key is public: the WebSocket path names it, and every signature starts with it. Any bytes, as ID.
	Key string
	// Secret signs, and verifies what clients' backends signed. Never empty.
	Secret string
	// PreviousSecret verifies too, while a new secret is being rolled out. "": none.
	PreviousSecret string

	// Enabled: connections and calls are served. A disabled app is known, and refused everything.
	Enabled bool
	// EnableClientMessages: clients may send client- events.
	EnableClientMessages bool
	// AllowClientEventsOnPublic: also on channels that need no signature.
	AllowClientEventsOnPublic bool
	// EnableUserAuthentication: a connection must sign in, or join a channel that needs a signature, in time.
	EnableUserAuthentication bool
	// EnableSubscriptionCount: subscribers hear how many they are.
	EnableSubscriptionCount bool
	// EnableWatchlist: a signed-in user hears when those on its list come and go.
	EnableWatchlist bool
	// EnableStorageEvents: subscribers hear changes of the channel's storage.
	EnableStorageEvents bool

	// MaxConnections at once; 1 or more, or Unlimited.
	MaxConnections int
	// MaxBackendEventsPerSecond counts each event on each of its channels; 0 or more, or Unlimited.
	MaxBackendEventsPerSecond int
	// MaxClientEventsPerSecond of one connection; 0 or more, or Unlimited.
	MaxClientEventsPerSecond int
	// MaxReadRequestsPerSecond over HTTP; 0 or more, or Unlimited.
	MaxReadRequestsPerSecond int

	// MaxPresenceMembersPerChannel: distinct members of one presence channel; positive, as are all below.
	MaxPresenceMembersPerChannel int
	// MaxPresenceMemberSizeInKB: the JSON text of a member's user_info, in units of 1,024 bytes of UTF-8.
	MaxPresenceMemberSizeInKB float64
	// MaxChannelNameLength: of the whole name, in UTF-16 units.
	MaxChannelNameLength int
	// MaxEventChannelsAtOnce: channels that one event may be published to.
	MaxEventChannelsAtOnce int
	// MaxEventNameLength in UTF-16 units.
	MaxEventNameLength int
	// MaxEventPayloadInKB: an event's data, in units of 1,024 bytes of UTF-8.
	MaxEventPayloadInKB float64
	// MaxEventBatchSize: events of one batch.
	MaxEventBatchSize int

	// Webhooks hear what happens in the app's channels, in the record's order.
	Webhooks []Webhook
	// WebhookDelay is how long the news that a channel or member is gone is held back, in case it returns.
	// Zero: not at all.
	WebhookDelay time.Duration

	// AllowedOrigins are the only ones that a browser may connect from, as browsers write them:
	// https://example.com. nil: any. Empty but not nil: none, since a list was given that has no usable entry.
	AllowedOrigins []string
}

// Unlimited is the value of a limit that does not limit.
const Unlimited = -1

// MaxAppName bounds an app's id and its key, in bytes: what DynamoDB allows for a key, and half of what the
// store allows for a namespace.
const MaxAppName = 2048

// Namespace is what every address, ledger id, rate window and metric of the app starts with: "pusher/" and
// the app's id. No other app has it, and no native app's id can be it, since [CheckApp] allows no slash.
//
// It must be taken from a record that was looked up, never made from the text of a request: the store
// may compare names more loosely than we do.
func (a *App) Namespace() string { return namespacePrefix + a.ID }

const namespacePrefix = "pusher/"

// AppID returns the id of the app whose Namespace this is; ok is false if it is no Pusher app's.
func AppID(namespace string) (id string, ok bool) {
	return strings.CutPrefix(namespace, namespacePrefix)
}

// LogValue names the app without its secrets.
func (a *App) LogValue() slog.Value {
	if a == nil {
		return slog.StringValue("none")
	}
	return slog.GroupValue(slog.String("id", a.ID), slog.String("key", a.Key), slog.Bool("enabled", a.Enabled))
}

// maxNativeAppID keeps a native app's id a small part of every key it starts.
const maxNativeAppID = 64

// CheckApp says whether id can name a native app, one of the Hotsock surface: 1 to 64 of A-Z, a-z, 0-9, '_',
// '-' and '.'. Pusher apps' ids are not bound to it; what they keep stands under their Namespace.
//
// The set is narrow because ids end up in file names, URLs and metric labels as well as in keys.
func CheckApp(id string) error {
	if id == "" || len(id) > maxNativeAppID {
		return errors.New("an app id has 1 to 64 characters")
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return errors.New("an app id consists of A-Z, a-z, 0-9, '_', '-' and '.'")
		}
	}
	return nil
}
