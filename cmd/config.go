package cmd

import (
	"slices"
	"time"

	"dormouse/actors"
	"dormouse/claims"
	"dormouse/persistence"
	"dormouse/transport"
	"dormouse/transport/emit"
	"dormouse/transport/hotsock"
	"dormouse/transport/ws"
)

// Config is the packages' Options put together, and what only the program itself needs. DefaultConfig
// makes one; load changes it by file, environment and flags.
type Config struct {
	Mode string // see modes

	TokenKeys  []tokenKey
	TokenJWKS  string
	APIKeys    []secret
	AccessKeys []accessKey

	HTTP    transport.Options
	Claims  claims.Options
	Store   persistence.Options // its Dir is the data folder
	Actors  actors.Options
	WS      ws.Options
	Hotsock hotsock.Options
	Events  eventConfig
	Apps    appsConfig
	Pusher  pusherConfig

	Durability        string // of channels that no pattern names
	ChannelDurability []patternWord
	ChannelGrace      []patternWord // presence.leave_grace.channels
	ChannelDeltas     []patternWord // presence.deltas.channels
	AdminListen       string
	Pprof             bool
	Docs              bool // the documentation at /docs/
	Console           bool // the console at /console/
	DrainTimeout      time.Duration
	LogLevel          string
	LogFormat         string
	MemoryLimit       int64 // bytes; zero: chosen from the machine
	GCPercent         int   // GOGC; zero: chosen from the machine
}

// The program's own defaults. Every other default is that of the package concerned.
const (
	defaultListen       = "127.0.0.1:8080"
	defaultData         = "dormouse-data"
	defaultAdminListen  = "127.0.0.1:9090"
	defaultDrainTimeout = 45 * time.Second
)

// DefaultConfig is the configuration of an empty file.
func DefaultConfig() *Config {
	c := &Config{
		Mode:         compat,
		AdminListen:  defaultAdminListen,
		Docs:         true,
		Console:      true,
		Durability:   persistence.Sync.String(),
		DrainTimeout: defaultDrainTimeout,
		LogLevel:     "info",
		LogFormat:    "text",
	}
	c.HTTP.Addr = defaultListen
	c.Store.Dir = defaultData
	c.HTTP.EnsureDefaults()
	c.Claims.EnsureDefaults()
	c.Store.EnsureDefaults()
	c.Actors.EnsureDefaults()
	c.Actors.Channel.EnsureDefaults()
	c.WS.EnsureDefaults()
	c.Hotsock.EnsureDefaults()
	c.Apps.ensureDefaults()
	c.Pusher.ensureDefaults()
	// These follow from others, when the program starts.
	c.Hotsock.FrameBurst, c.Hotsock.ConnectBurst, c.Hotsock.MaxBody, c.WS.MaxFrame = 0, 0, 0, 0
	// What hangs on the logger or a store is given when the program starts, not here.
	c.Store.Logger, c.Store.Fatal, c.Actors.Logger, c.Actors.Durability, c.WS.Logger = nil, nil, nil, nil, nil
	c.Hotsock.Logger, c.HTTP.Logger, c.Actors.Events.Logger = nil, nil, nil
	c.Events.NATS.Prefix = emit.DefaultPrefix
	return c
}

// A setting is one key of the configuration: a place in a Config and what people are told about it.
type setting struct {
	key   string // as the file spells it; a dot is a level
	value value
	// field is what the package concerned calls it, such as "ws.OutboxBytes", so that its refusals can
	// be told in the words of the file; "" if it is the program's own.
	field string
	help  string // a sentence without its full stop
}

var durabilityWords = []string{"sync", "async", "none"}

// The kinds of value that channels have by pattern, each with an example in it.
func aDurability() value { return wordValue{new("none"), durabilityWords} }
func aGrace() value      { return durationValue{new(30 * time.Second)} }
func aSwitch() value     { return boolValue{new(true)} }

// settings lists every key there is, in the order of the printed file. It is the one table that the file,
// the environment, the flags, the help and the printed configuration are made of.
func (c *Config) settings() []setting {
	l := &c.Claims.Limits
	return slices.Concat([]setting{
		{"listen", textValue{&c.HTTP.Addr}, "", "address of clients and backends; port 0 takes a free one"},
		{"data", pathValue{&c.Store.Dir}, "", "data folder; made if it is not there"},
		{"allow_plain", boolValue{&c.HTTP.AllowPlain}, "", "serve plain HTTP on other addresses than loopback, for instance behind a proxy that does TLS"},
		{"mode", wordValue{&c.Mode, modes}, "", "compat; or strict-aws: the limits that Hotsock has on AWS, in the place of every default that is larger"},
		{"origins", listValue{&c.WS.Origins}, "ws.Origins", "origins that browsers may connect from, such as https://example.com; none: any, since only tokens give rights"},
		{"api_keys", secretsValue{&c.APIKeys}, "", "keys of backends: plain (32 characters or more), sha256:<hex>, or file:/path; none: nobody may publish over HTTP"},
		{"lambda.keys", accessKeysValue{&c.AccessKeys}, "", "access keys of backends that publish with an AWS SDK, by Lambda's Invoke, each {id, secret}; secret is text (32 characters or more) or file:/path; none: nobody may"},

		{"token.keys", keysValue{&c.TokenKeys}, "", "keys that verify tokens, each {alg, kid, key}; key is PEM, base64, or file:/path"},
		{"token.jwks", pathValue{&c.TokenJWKS}, "", "file with a JSON Web Key Set, beside token.keys"},
		{"token.audience", textValue{&c.Claims.Audience}, "claims.Audience", "what aud must contain; empty: aud is ignored"},
		{"token.issuer", textValue{&c.Claims.Issuer}, "claims.Issuer", "what iss must be; empty: iss is ignored"},
		{"token.leeway", durationValue{&c.Claims.Leeway}, "claims.Leeway", "how far clocks may differ, for exp and nbf"},
		{"token.max_lifetime", durationValue{&c.Claims.MaxLifetime}, "claims.MaxLifetime", "refuse tokens whose exp is further ahead; 0: any"},

		{"tls.cert", pathValue{&c.HTTP.CertFile}, "", "certificate chain, PEM; read again when it changes"},
		{"tls.key", pathValue{&c.HTTP.KeyFile}, "", "private key of the certificate, PEM"},

		{"durability.default", wordValue{&c.Durability, durabilityWords}, "", "what a yes means: sync (on disk), async (on disk soon, see storage.async_interval), none"},
		{"durability.channels", patternsValue{&c.ChannelDurability, aDurability}, "", "the same for channels by pattern, the first that matches; such as cursor.*: none"},

		{"presence.leave_grace.default", durationValue{&c.Actors.Channel.LeaveGrace}, "channel.LeaveGrace", "how long a member whose connection broke is kept, so that nobody sees a reload; 0: off"},
		{"presence.leave_grace.channels", patternsValue{&c.ChannelGrace, aGrace}, "", "the same for channels by pattern, the first that matches; such as presence.game.*: 30s"},
		{"presence.deltas.default", boolValue{&c.Actors.Channel.MemberDeltas}, "", "tell of a member without the whole list of members, which the answer to subscribing has; for channels with many, and clients that know"},
		{"presence.deltas.channels", patternsValue{&c.ChannelDeltas, aSwitch}, "", "the same for channels by pattern, the first that matches; such as presence.hall.*: true"},

		{"storage.notify_expiry", boolValue{&c.Actors.Channel.NotifyExpiry}, "channel.NotifyExpiry", "tell observers when an entry expires"},
		{"storage.async_interval", durationValue{&c.Store.AsyncInterval}, "persistence.AsyncInterval", "how long an async write may take to reach the disk"},
		{"storage.read_only_at", shareValue{&c.Store.ReadOnlyAt}, "persistence.ReadOnlyAt", "used share of the disk from which writes are refused"},
		{"storage.memtable_size", sizeValue[int64]{&c.Store.MemTableSize}, "persistence.MemTableSize", "what a crash leaves to replay at most: 12 ms per MiB; two are held in memory"},
		{"storage.cache_size", sizeValue[int64]{&c.Store.CacheSize}, "persistence.CacheSize", "memory for blocks read from disk"},
		{"storage.row_cache_size", sizeValue[int64]{&c.Store.RowCacheSize}, "persistence.RowCacheSize", "memory for what awake channels with more than 64 KiB of entries have read and written lately, all together"},
		{"storage.ballast_size", sizeValue[int64]{&c.Store.BallastBytes}, "persistence.BallastBytes", "file that is given up when the disk is full; 0: 64MiB, or a hundredth of a small disk"},
		{"storage.checkpoint_size", sizeValue[int]{&c.Store.CheckpointBytes}, "persistence.CheckpointBytes", "log of one channel after which its changed rows are written to their places"},

		{"limits.connections", countValue{&c.Actors.MaxConnections}, "actors.MaxConnections", "clients at once; more get 503"},
		{"limits.connection_age", durationValue{&c.Actors.MaxConnectionAge}, "actors.MaxConnectionAge", "age at which a connection is ended with 1001, give or take limits.connection_age_spread; clients come back by themselves; 0: never"},
		{"limits.connection_age_spread", shareValue{&c.Actors.ConnectionAgeSpread}, "actors.ConnectionAgeSpread", "share of that age by which it is earlier or later, so that clients that came together do not come back together; 0: exactly then"},
		{"limits.idle_timeout", durationValue{&c.WS.IdleTimeout}, "ws.IdleTimeout", "time without a message from either side after which a connection is closed with 1001; 0: never"},
		{"limits.url_size", sizeValue[int]{&c.Hotsock.MaxURL}, "hotsock.MaxURL", "path and query of a connect, its token among them; more get 414"},
		{"limits.pending", countValue{&c.Hotsock.MaxPending}, "hotsock.MaxPending", "commands of one connection that may wait for answers before no more are read from it"},
		{"limits.frame_rate", rateValue{&c.Hotsock.FrameRate}, "hotsock.FrameRate", "frames a second from one connection in the long run, more are refused with RATE_LIMITED; 0: any number"},
		{"limits.frame_burst", countValue{&c.Hotsock.FrameBurst}, "hotsock.FrameBurst", "frames at once, likewise; 0: a second's worth"},
		{"limits.rate_refusals", countValue{&c.Hotsock.MaxRateRefusals}, "hotsock.MaxRateRefusals", "RATE_LIMITED within 10 s that end a connection with 1008"},
		{"limits.connect_rate", rateValue{&c.Hotsock.ConnectRate}, "hotsock.ConnectRate", "connections a second that one address may try in the long run by each protocol, more get 429; 0: any number"},
		{"limits.connect_burst", countValue{&c.Hotsock.ConnectBurst}, "hotsock.ConnectBurst", "connections at once, likewise; 0: a second's worth"},
		{"limits.message_size", sizeValue[int]{&c.WS.MaxMessage}, "ws.MaxMessage", "one incoming WebSocket message; more closes with 1009. Times the connections, this is what 14 bytes from each can make the server allocate"},
		{"limits.frame_size", sizeValue[int]{&c.WS.MaxFrame}, "ws.MaxFrame", "one frame of an incoming message, likewise; 0: as large as a message"},
		{"limits.message_fragments", countValue{&c.WS.MaxFragments}, "ws.MaxFragments", "frames of one incoming message; more closes with 1008"},
		{"limits.message_timeout", durationValue{&c.WS.MessageTimeout}, "ws.MessageTimeout", "from a message's first byte to its last"},
		{"limits.data_size", sizeValue[int]{&c.Actors.Channel.MaxData}, "channel.MaxData", "data of one message or entry"},
		{"limits.history_page_size", sizeValue[int]{&c.Actors.PageBytes}, "actors.PageBytes", "data of one page of stored messages, which has one at least, and 100 at most"},
		{"limits.outbox_size", sizeValue[int]{&c.WS.OutboxBytes}, "ws.OutboxBytes", "bytes that may wait for one client that does not read; more closes with 4002"},
		{"limits.outbox_frames", countValue{&c.WS.OutboxFrames}, "ws.OutboxFrames", "frames that may wait, likewise"},
		{"limits.write_timeout", durationValue{&c.WS.WriteTimeout}, "ws.WriteTimeout", "one write to a client, and its closing handshake"},
		{"limits.ping_interval", durationValue{&c.WS.PingInterval}, "ws.PingInterval", "silence after which a client is pinged"},
		{"limits.pong_timeout", durationValue{&c.WS.PongTimeout}, "ws.PongTimeout", "how long it may then stay silent"},
		{"limits.handshake_timeout", durationValue{&c.WS.HandshakeTimeout}, "ws.HandshakeTimeout", "the answer to an upgrade"},
		{"limits.flush_window", durationValue{&c.WS.FlushWindow}, "ws.FlushWindow", "wait before a write so that more frames join it; 0: off"},
		{"limits.keep_alive_period", durationValue{&c.Actors.KeepAlivePeriod}, "actors.KeepAlivePeriod", "how often clients that asked get hotsock.keepAlive"},
		{"limits.http_timeout", durationValue{&c.Hotsock.HTTPTimeout}, "hotsock.HTTPTimeout", "one HTTP call"},
		{"limits.http_body_size", sizeValue[int64]{&c.HTTP.MaxBody}, "transport.MaxBody", "a request's body; the parts of the API have smaller bounds of their own"},
		{"limits.http_header_timeout", durationValue{&c.HTTP.ReadHeaderTimeout}, "transport.ReadHeaderTimeout", "a request's headers, and a TLS handshake"},
		{"limits.http_read_timeout", durationValue{&c.HTTP.ReadTimeout}, "transport.ReadTimeout", "a whole request"},
		{"limits.http_write_timeout", durationValue{&c.HTTP.WriteTimeout}, "transport.WriteTimeout", "a whole answer"},
		{"limits.http_idle_timeout", durationValue{&c.HTTP.IdleTimeout}, "transport.IdleTimeout", "an HTTP connection between two requests"},
		{"limits.http_header_size", sizeValue[int]{&c.HTTP.MaxHeaderBytes}, "transport.MaxHeaderBytes", "a request's line and headers, its token among them"},
		{"limits.presence_size", sizeValue[int]{&c.Actors.Channel.MaxPresenceBytes}, "channel.MaxPresenceBytes", "list of members of a presence channel, as JSON; all of it goes to all of them at each change"},
		{"limits.reactions", countValue{&c.Actors.Channel.MaxReactions}, "channel.MaxReactions", "reactions that one message may have, of all users together"},
		{"limits.reaction_kinds", countValue{&c.Actors.Channel.MaxReactionKinds}, "channel.MaxReactionKinds", "different reactions that it may have"},
		{"limits.dedup_window", durationValue{&c.Actors.Channel.DedupWindow}, "channel.DedupWindow", "how long a deduplication id lets nothing else through"},
		{"limits.schedules", countValue{&c.Actors.Channel.MaxSchedules}, "channel.MaxSchedules", "schedules that may wait on one channel; more are refused with SCHEDULE_CAPACITY_REACHED"},
		{"limits.schedule_rate", rateValue{&c.Actors.ScheduleRate}, "actors.ScheduleRate", "schedules a second that one connection may make in the long run, more are refused with RATE_LIMITED"},
		{"limits.schedule_burst", countValue{&c.Actors.ScheduleBurst}, "actors.ScheduleBurst", "schedules at once, likewise"},
		{"limits.token_schedule_rate", rateValue{&c.Actors.TokenScheduleRate}, "actors.TokenScheduleRate", "schedules a second that the tokens of one uid may make together by POST /publish, in the long run; without a uid, one token; more are refused with RATE_LIMITED"},
		{"limits.token_schedule_burst", countValue{&c.Actors.TokenScheduleBurst}, "actors.TokenScheduleBurst", "schedules at once, likewise"},
		{"limits.tails", countValue{&c.Actors.MaxTails}, "actors.MaxTails", "tails at once, which look on at channels; more get 503"},
		{"limits.channel_tails", countValue{&c.Actors.MaxChannelTails}, "actors.MaxChannelTails", "tails of one channel, likewise"},
		{"limits.tail_rate", rateValue{&c.Actors.TailRate}, "actors.TailRate", "frames a second that one tail gets; what is above that is left out, and counted"},
		{"limits.tail_queue", countValue{&c.Actors.TailQueue}, "actors.TailQueue", "frames that may wait for a tail that does not read, likewise"},
		{"limits.tail_queue_size", sizeValue[int]{&c.Actors.TailQueueBytes}, "actors.TailQueueBytes", "bytes of them; a frame that is longer waits by itself"},
		{"limits.tail_time", durationValue{&c.Hotsock.MaxTailTime}, "hotsock.MaxTailTime", "time after which a tail ends"},
		{"limits.replay_for", durationValue{&c.Actors.Channel.ReplayFor}, "channel.ReplayFor", "how long a client that subscribed with resume may be away and still be told exactly what it missed"},
		{"limits.replay_entries", countValue{&c.Actors.Channel.ReplayEntries}, "channel.ReplayEntries", "messages and changes that one channel keeps for that"},
		{"limits.replay_size", sizeValue[int]{&c.Actors.Channel.ReplayBytes}, "channel.ReplayBytes", "bytes, likewise"},
		{"limits.replay_memory", sizeValue[int64]{&c.Actors.MaxReplayBytes}, "actors.MaxReplayBytes", "bytes that all channels together keep in memory for that"},
		{"limits.idle_after", durationValue{&c.Actors.IdleAfter}, "actors.IdleAfter", "how long a channel that nobody needs stays in memory"},
		{"limits.turn_commands", countValue{&c.Actors.TurnOps}, "actors.TurnOps", "commands that a busy channel may join in one commit"},
		{"limits.turn_size", sizeValue[int]{&c.Actors.TurnBytes}, "actors.TurnBytes", "bytes, likewise"},
		{"limits.commit_queue", sizeValue[int64]{&c.Store.QueueBytes}, "persistence.QueueBytes", "writes on their way to the disk beyond which the server reads no more from clients"},

		{"limits.token_size", sizeValue[int]{&l.TokenSize}, "claims.TokenSize", "a whole token"},
		{"limits.token_header_size", sizeValue[int]{&l.HeaderSize}, "claims.HeaderSize", "a token's decoded header"},
		{"limits.token_kid_size", sizeValue[int]{&l.KeyIDSize}, "claims.KeyIDSize", "a token's kid"},
		{"limits.token_depth", countValue{&l.Depth}, "claims.Depth", "levels of a token's claims"},
		{"limits.token_elements", countValue{&l.Elements}, "claims.Elements", "values in a token's claims"},
		{"limits.token_patterns", countValue{&l.ChannelPatterns}, "claims.ChannelPatterns", "channel patterns of a token"},
		{"limits.token_regexes", countValue{&l.Regexes}, "claims.Regexes", "#regex: keys of a token"},
		{"limits.token_regex_size", sizeValue[int]{&l.RegexSize}, "claims.RegexSize", "one #regex: expression"},
		{"limits.token_regex_weight", countValue{&l.RegexWeight}, "claims.RegexWeight", "all compiled expressions of a token, in instructions and ranges"},
		{"limits.umd_size", sizeValue[int]{&l.UMDSize}, "claims.UMDSize", "a user's metadata, as JSON"},
		{"limits.uid_length", countValue{&l.UID}, "claims.UID", "characters of a uid"},

		{"log.level", wordValue{&c.LogLevel, []string{"debug", "info", "warn", "error"}}, "", "the least that is logged"},
		{"log.format", wordValue{&c.LogFormat, []string{"text", "json"}}, "", "how it is logged, to standard error"},
		{"trace.sample_rate", shareValue{&c.Actors.TraceShare}, "actors.TraceShare", "share of commands of which the log tells where their time went, at most 1,000 a second"},

		{"admin.listen", textValue{&c.AdminListen}, "", "address of /healthz, /readyz, /metrics and POST /backup; port 0 takes a free one"},
		{"admin.pprof", boolValue{&c.Pprof}, "", "serve Go's profiles at /debug/pprof/ there too"},

		{"docs.enabled", boolValue{&c.Docs}, "", "serve the documentation at /docs/, to everybody who can reach listen"},

		{"console.enabled", boolValue{&c.Console}, "", "serve the console at /console/, to everybody who can reach listen; it can do what the token or API key that is pasted there may do"},

		{"drain.timeout", durationValue{&c.DrainTimeout}, "", "a stopping server has ended after this time at the latest"},
		{"drain.spread", durationValue{&c.HTTP.DrainOver}, "", "time over which a stopping server closes its connections, so that they do not all come back elsewhere at once; 0: at once"},

		{"runtime.memory_limit", sizeValue[int64]{&c.MemoryLimit}, "", "memory that Go's collector keeps below, GOMEMLIMIT; 0: chosen from the machine"},
		{"runtime.gc_percent", countValue{&c.GCPercent}, "", "growth of the heap at which it is collected, GOGC; 0: chosen from the machine"},
	}, c.eventSettings(), c.appSettings(), c.pusherSettings())
}
