package cmd

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"dormouse/persistence/apps"
	"dormouse/transport/pusher"
	"dormouse/transport/pusher/webhooks"
)

// A pusherConfig is the door for clients and backends of Pusher.
type pusherConfig struct {
	Serve         bool
	Options       pusher.Options
	Webhooks      webhooks.Options
	MetricsPrefix string
}

const defaultMetricsPrefix = "soketi_"

// ensureDefaults gives it what an empty file has. What hangs on a running server is given when it starts.
func (p *pusherConfig) ensureDefaults() {
	p.Serve = true
	p.Options.EnsureDefaults()
	p.Options.Listener, p.Options.Logger, p.Options.Memory, p.Options.Draining = pusher.Listener{}, nil, nil, nil
	o := &p.Options.Sockets
	o.PongTimeout, o.OutboxBytes, o.OutboxFrames = pusher.DefaultPongTimeout, pusher.DefaultOutboxBytes, pusher.DefaultOutboxFrames
	p.Webhooks.EnsureDefaults()
	p.Webhooks.Listener = webhooks.Listener{}
	p.MetricsPrefix = defaultMetricsPrefix
}

// pusherSettings are the settings of that door, and of how its apps are remembered.
func (c *Config) pusherSettings() []setting {
	o, w, a := &c.Pusher.Options, &c.Pusher.Webhooks, &c.Apps.Cache
	s := &o.Sockets
	return []setting{
		{"apps.cache.ttl", durationValue{&a.TTL}, "apps.TTL", "how long an app is taken for what it was, and how soon its connections end when it is disabled; 0: until it is reloaded"},
		{"apps.cache.negative_ttl", durationValue{&a.NegativeTTL}, "apps.NegativeTTL", "how long it is remembered that there is no such app"},
		{"apps.cache.stale_for", durationValue{&a.StaleFor}, "apps.StaleFor", "age up to which an app is served while it is read again; beyond it clients wait for that"},
		{"apps.cache.outage_for", durationValue{&a.OutageFor}, "apps.OutageFor", "age up to which an app is served while its table does not answer"},
		{"apps.cache.confirm_after", durationValue{&a.ConfirmAfter}, "apps.ConfirmAfter", "how long after an app was first not found it is looked for again, before its connections end"},
		{"apps.cache.size", countValue{&a.Apps}, "apps.Apps", "apps that are remembered, about 3 KiB each; those with connections stay"},
		{"apps.cache.reads", countValue{&a.Reads}, "apps.Reads", "readings under way at once for clients who wait; more hear that they should come back"},
		{"apps.cache.refreshes", countValue{&a.Refreshes}, "apps.Refreshes", "readings under way at once besides, of apps that are served meanwhile"},

		{"pusher.serve", boolValue{&c.Pusher.Serve}, "", "whether clients and backends of Pusher's protocol are served, or load balancers alone are answered"},
		{"pusher.path_prefix", textValue{&o.PathPrefix}, "pusher.PathPrefix", "what stands before /app/ and /apps/ in every path, such as /rt"},
		{"pusher.activity_timeout", durationValue{&o.ActivityTimeout}, "pusher.ActivityTimeout", "silence after which a client asks whether the server is there, 5s to 2m; the server asks after one and a half times as much"},
		{"pusher.pong_timeout", durationValue{&s.PongTimeout}, "", "how long a client that was asked may then stay silent; more closes with 4201"},
		{"pusher.user_authentication_timeout", durationValue{&o.UserAuthenticationTimeout}, "pusher.UserAuthenticationTimeout", "how long a connection may take to sign in, in apps that want it; more closes with 4009"},
		{"pusher.timestamp_tolerance", durationValue{&o.TimestampTolerance}, "pusher.TimestampTolerance", "how far a backend's clock may be off, and how long a call that somebody has overheard can be repeated; 0: for ever"},
		{"pusher.cache_ttl", durationValue{&o.CacheTTL}, "pusher.CacheTTL", "how long a cache channel keeps its last event"},
		{"pusher.channels", countValue{&o.MaxChannels}, "pusher.MaxChannels", "channels of one connection"},
		{"pusher.pending", countValue{&o.MaxPending}, "pusher.MaxPending", "commands of one connection that may wait for answers before no more are read from it"},
		{"pusher.outbox_size", sizeValue[int]{&s.OutboxBytes}, "", "bytes that may wait for one client that does not read; more closes with 4100"},
		{"pusher.outbox_frames", countValue{&s.OutboxFrames}, "", "frames that may wait, likewise"},
		{"pusher.body_size", sizeValue[int]{&o.MaxBody}, "pusher.MaxBody", "a call's body"},
		{"pusher.http_timeout", durationValue{&o.HTTPTimeout}, "pusher.HTTPTimeout", "one call, and the lookup of a client's app"},
		{"pusher.memory_threshold", percentValue{&o.MemoryThreshold}, "pusher.MemoryThreshold", "used memory from which /accept-traffic says no"},
		{"pusher.shutdown_grace", durationValue{&o.ShutdownGrace}, "pusher.ShutdownGrace", "time over which a stopping server closes these connections, with 4200; 0: drain.spread"},
		{"pusher.metrics_prefix", textValue{&c.Pusher.MetricsPrefix}, "", "what the names of soketi's metrics begin with"},

		{"pusher.webhooks.batch", boolValue{&w.Batch}, "", "send several events of one webhook in one request"},
		{"pusher.webhooks.batch_for", durationValue{&w.BatchFor}, "webhooks.BatchFor", "how long such a request waits for more"},
		{"pusher.webhooks.timeout", durationValue{&w.Timeout}, "webhooks.Timeout", "one attempt"},
		{"pusher.webhooks.retry_for", durationValue{&w.RetryFor}, "webhooks.RetryFor", "how long an event is tried before it is dropped"},
		{"pusher.webhooks.deny_private", boolValue{&w.DenyPrivate}, "", "refuse webhooks in private networks and on this machine; for servers whose apps are other people's"},
		{"pusher.webhooks.concurrency", countValue{&w.Concurrency}, "webhooks.Concurrency", "requests on their way at once"},
		{"pusher.webhooks.queue", countValue{&w.QueueEvents}, "webhooks.QueueEvents", "events that may wait for one webhook; beyond that the oldest are dropped"},
		{"pusher.webhooks.queue_size", sizeValue[int]{&w.QueueBytes}, "webhooks.QueueBytes", "bytes, likewise"},
		{"pusher.webhooks.total_size", sizeValue[int]{&w.TotalBytes}, "webhooks.TotalBytes", "bytes that may wait for all webhooks together"},
	}
}

// percentValue is a share that is kept as a whole number of hundredths.
type percentValue struct{ p *int }

func (v percentValue) set(t tree, _ string) error {
	return scalar(t, v.p, func(s string) (int, error) {
		n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(s, "%")))
		if err != nil || n < 1 || n > 100 {
			return 0, fmt.Errorf("%q is no percentage: write 1%% to 100%%", s)
		}
		return n, nil
	})
}
func (v percentValue) yaml() string { return strconv.Itoa(*v.p) + "%" }
func (v percentValue) unit() string { return "percent" }

var metricsPrefix = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)?$`)

// pusher checks the settings of the door, and where its apps are.
func (v *validation) pusher() *appStore {
	s := v.appStore()
	v.translate("apps", v.Apps.Cache.Validate())
	v.translate("pusher", v.Pusher.Options.Validate()) // what it says of Apps and System concerns no setting
	v.translate("webhooks", v.Pusher.Webhooks.Validate())
	if !metricsPrefix.MatchString(v.Pusher.MetricsPrefix) {
		v.fault("pusher.metrics_prefix", "%q cannot begin the name of a metric: write letters, digits and '_', no digit first", v.Pusher.MetricsPrefix)
	}
	return s
}

// served says whether there is somebody for the door to be open for.
func (s *appStore) served() bool { return s.driver != driverStatic || len(s.records) > 0 }

// cacheOptions are what an open cache is made with; its listener is the caller's.
func (v *checked) cacheOptions() apps.CacheOptions {
	o := v.Apps.Cache
	o.TTL = off(o.TTL)
	o.Defaults = v.apps.defaults
	return o
}
