package cmd

import (
	"strconv"
	"strings"

	"dormouse/persistence/apps"
)

// An appsConfig says where the apps of the Pusher surface are, and what those have that leave something out.
type appsConfig struct {
	Driver  string
	Static  []appConfig
	BuiltIn string

	Defaults apps.Defaults
	Cache    apps.CacheOptions // without Defaults

	DynamoDB struct{ Table, Region, Endpoint string }
	MySQL    sqlConfig
	Postgres sqlConfig
}

// A sqlConfig is a table in a database.
type sqlConfig struct {
	DSN         secret
	Host        string
	Port        int
	User        string
	Password    secret
	Database    string
	TLS, CA     string
	Table       string
	Connections int
}

// The places where apps may be.
const (
	driverStatic   = "static"
	driverDynamoDB = "dynamodb"
	driverMySQL    = "mysql"
	driverPostgres = "postgres"
)

var appDrivers = []string{driverStatic, driverDynamoDB, driverMySQL, driverPostgres}

// Where soketi's public app may be served, if there is no other.
const (
	builtInNever    = "never"
	builtInLoopback = "loopback"
	builtInAnywhere = "anywhere"
)

var builtInWords = []string{builtInNever, builtInLoopback, builtInAnywhere}

var tlsWords = []string{"prefer", "disable", "require", "verify"}

// ensureDefaults gives it what an empty file has.
func (a *appsConfig) ensureDefaults() {
	a.Driver, a.BuiltIn = driverStatic, builtInNever
	a.Defaults.EnsureDefaults()
	a.Cache.EnsureDefaults()
	a.Cache.Defaults, a.Cache.OnChange, a.Cache.Logger = apps.Defaults{}, nil, nil
	a.DynamoDB.Table, a.DynamoDB.Region = "apps", "us-east-1"
	a.MySQL = sqlConfig{Host: "127.0.0.1", Port: 3306, User: "root", Database: "main", TLS: tlsWords[0], Table: "apps", Connections: 7}
	a.Postgres = a.MySQL
	a.Postgres.Port, a.Postgres.User = 5432, "postgres"
}

// appSettings are the settings of apps.
func (c *Config) appSettings() []setting {
	a := &c.Apps
	d := &a.Defaults
	all := []setting{
		{"apps.driver", wordValue{&a.Driver, appDrivers}, "", "where the apps of Pusher clients are: static (apps.static), or a table as soketi has it in DynamoDB, MySQL or PostgreSQL"},
		{"apps.static", appsValue{appRecords{&a.Static}}, "", "the apps themselves, each {id, key, secret}, and perhaps limits, switches and webhooks of its own, by the names of soketi's SQL columns; secret is text or file:/path"},
		{"apps.built_in", wordValue{&a.BuiltIn, builtInWords}, "", "whether soketi's public app (app-id, app-key, app-secret) is served if apps.static is empty: never, only while listen is loopback, or anywhere, to everybody who can reach it"},

		{"apps.limits.presence_members", countValue{&d.MaxPresenceMembersPerChannel}, "apps.MaxPresenceMembersPerChannel", "members of one presence channel, for apps that do not say, as all of these"},
		{"apps.limits.presence_member_size", kilobytesValue{&d.MaxPresenceMemberSizeInKB}, "apps.MaxPresenceMemberSizeInKB", "a member's user_info, as JSON"},
		{"apps.limits.channel_name_length", countValue{&d.MaxChannelNameLength}, "apps.MaxChannelNameLength", "a channel's name, its prefix included, in UTF-16 units"},
		{"apps.limits.event_channels", countValue{&d.MaxEventChannelsAtOnce}, "apps.MaxEventChannelsAtOnce", "channels that one event is published to"},
		{"apps.limits.event_name_length", countValue{&d.MaxEventNameLength}, "apps.MaxEventNameLength", "an event's name, in UTF-16 units"},
		{"apps.limits.event_payload_size", kilobytesValue{&d.MaxEventPayloadInKB}, "apps.MaxEventPayloadInKB", "an event's data"},
		{"apps.limits.event_batch", countValue{&d.MaxEventBatchSize}, "apps.MaxEventBatchSize", "events of one batch"},
		{"apps.client_events_on_public", boolValue{&d.AllowClientEventsOnPublic}, "", "clients may send client events on channels that need no signature, as soketi allows; for apps that do not say"},
		{"apps.webhook_delay", durationValue{&d.WebhookDelay}, "apps.WebhookDelay", "how long the news that a channel or member is gone waits, in case it comes back, for apps that do not say; 0: not at all"},
		{"apps.legacy_truthiness", boolValue{&d.LegacyTruthiness}, "", "read enabled, enable_client_messages and enable_user_authentication as soketi does, to which the word false is true"},

		{"apps.dynamodb.table", textValue{&a.DynamoDB.Table}, "", "name of the table, or its ARN"},
		{"apps.dynamodb.region", textValue{&a.DynamoDB.Region}, "", "its region; credentials are found as AWS SDKs do"},
		{"apps.dynamodb.endpoint", textValue{&a.DynamoDB.Endpoint}, "", "URL of another server than AWS's, such as an emulator's; empty: AWS"},
	}
	all = append(all, a.MySQL.settings(driverMySQL, "app:secret@tcp(db.example:3306)/main?tls=true")...)
	return append(all, a.Postgres.settings(driverPostgres, "postgres://app:secret@db.example/main?sslmode=verify-full")...)
}

func (s *sqlConfig) settings(driver, dsn string) []setting {
	at := "apps." + driver + "."
	return []setting{
		{at + "dsn", secretValue{&s.DSN}, "", "the whole address, such as " + dsn + ", in the place of the keys below up to " + at + "ca; or file:/path"},
		{at + "host", textValue{&s.Host}, "", "name or address of the server, or its socket's path"},
		{at + "port", countValue{&s.Port}, "", "its port"},
		{at + "user", textValue{&s.User}, "", "user that may read the table"},
		{at + "password", secretValue{&s.Password}, "", "password of that user, or file:/path"},
		{at + "database", textValue{&s.Database}, "", "name of the database"},
		{at + "tls", wordValue{&s.TLS, tlsWords}, "", "prefer (if the server has it), disable, require (whoever the server is), verify (its certificate too)"},
		{at + "ca", pathValue{&s.CA}, "", "certificates, PEM, of whom verify trusts; empty: whom the system trusts"},
		{at + "table", textValue{&s.Table}, "", "name of the table, perhaps with its schema before a dot"},
		{at + "connections", countValue{&s.Connections}, "", "connections at once"},
	}
}

// kilobytesValue is a size that is kept in KiB, with a fraction.
type kilobytesValue struct{ p *float64 }

func (v kilobytesValue) set(t tree, _ string) error {
	return scalar(t, v.p, func(s string) (float64, error) {
		if digits, ok := strings.CutSuffix(s, "KiB"); ok {
			if kb, err := strconv.ParseFloat(strings.TrimSpace(digits), 64); err == nil && kb >= 0 && kb <= maxKilobytes {
				return kb, nil
			}
		}
		n, err := parseSize(s)
		return float64(n) / 1024, err
	})
}

// maxKilobytes keeps what is a number in a float64's way, such as inf, from being a size.
const maxKilobytes = 1 << 40

func (v kilobytesValue) yaml() string {
	bytes := *v.p * 1024
	if n := int64(bytes); float64(n) == bytes {
		return formatSize(n)
	}
	return strconv.FormatFloat(*v.p, 'g', -1, 64) + "KiB" // soketi's have fractions
}
func (v kilobytesValue) unit() string { return "size" }
