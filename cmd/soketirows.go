package cmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dormouse/persistence/apps"
)

// A soketiSetting is one thing that can be set in soketi.
type soketiSetting struct {
	path string   // in its file
	env  []string // its variables, without SOKETI_; the last one counts
	key  string   // ours; "": it is a part of one, or none
	// convert makes our text of soketi's; nil: they are the same. "" stands for our default.
	convert func(string) (string, error)
	// ignored says why a value does nothing here, "" if there is nothing to say. nil: it does something.
	ignored func(text string) (why string)
}

// soketiRow returns the setting with this path, nil if there is none.
func soketiRow(path string) *soketiSetting {
	i := slices.IndexFunc(soketiRows, func(r soketiSetting) bool { return r.path == path })
	if i < 0 {
		return nil
	}
	return &soketiRows[i]
}

// soketiRows are all of soketi's settings. Source: soketi's documentation, "Environment variables", and its source,
// which reads more.
var soketiRows = slices.Concat([]soketiSetting{
	{path: "appManager.driver", env: []string{"APP_MANAGER_DRIVER"}, key: "apps.driver", convert: soketiDriver},
	{path: "appManager.array.apps"},
	{path: "appManager.dynamodb.table", env: []string{"APP_MANAGER_DYNAMODB_TABLE"}, key: "apps.dynamodb.table"},
	{path: "appManager.dynamodb.region", env: []string{"APP_MANAGER_DYNAMODB_REGION"}, key: "apps.dynamodb.region"},
	{path: "appManager.dynamodb.endpoint", env: []string{"APP_MANAGER_DYNAMODB_ENDPOINT"}, key: "apps.dynamodb.endpoint"},
	{path: "appManager.mysql.table", env: []string{"APP_MANAGER_MYSQL_TABLE"}, key: "apps.mysql.table"},
	{path: "appManager.mysql.version", env: []string{"APP_MANAGER_MYSQL_VERSION"}, ignored: silently},
	{path: "appManager.mysql.useMysql2", env: []string{"APP_MANAGER_MYSQL_USE_V2"}, ignored: silently},
	{path: "appManager.postgres.table", env: []string{"APP_MANAGER_POSTGRES_TABLE"}, key: "apps.postgres.table"},
	{path: "appManager.postgres.version", env: []string{"APP_MANAGER_POSTGRES_VERSION"}, ignored: silently},

	{path: "database.mysql.host", env: []string{"DB_MYSQL_HOST"}, key: "apps.mysql.host"},
	{path: "database.mysql.port", env: []string{"DB_MYSQL_PORT"}, key: "apps.mysql.port"},
	{path: "database.mysql.user", env: []string{"DB_MYSQL_USERNAME"}, key: "apps.mysql.user"},
	{path: "database.mysql.password", env: []string{"DB_MYSQL_PASSWORD"}},
	{path: "database.mysql.database", env: []string{"DB_MYSQL_DATABASE"}, key: "apps.mysql.database"},
	{path: "database.postgres.host", env: []string{"DB_POSTGRES_HOST"}, key: "apps.postgres.host"},
	{path: "database.postgres.port", env: []string{"DB_POSTGRES_PORT"}, key: "apps.postgres.port"},
	{path: "database.postgres.user", env: []string{"DB_POSTGRES_USERNAME"}, key: "apps.postgres.user"},
	{path: "database.postgres.password", env: []string{"DB_POSTGRES_PASSWORD"}},
	{path: "database.postgres.database", env: []string{"DB_POSTGRES_DATABASE"}, key: "apps.postgres.database"},
	{path: "databasePooling.enabled", env: []string{"DB_POOLING_ENABLED"}},
	{path: "databasePooling.min", env: []string{"DB_POOLING_MIN"}, ignored: silently},
	{path: "databasePooling.max", env: []string{"DB_POOLING_MAX"}},

	{path: "channelLimits.maxNameLength", env: []string{"CHANNEL_LIMITS_MAX_NAME_LENGTH", "CHANNEL_MAX_NAME_LENGTH"}, key: "apps.limits.channel_name_length", convert: soketiCount},
	{path: "eventLimits.maxChannelsAtOnce", env: []string{"EVENT_MAX_CHANNELS_AT_ONCE"}, key: "apps.limits.event_channels", convert: soketiCount},
	{path: "eventLimits.maxNameLength", env: []string{"EVENT_MAX_NAME_LENGTH"}, key: "apps.limits.event_name_length", convert: soketiCount},
	{path: "eventLimits.maxPayloadInKb", env: []string{"EVENT_MAX_SIZE_IN_KB"}, key: "apps.limits.event_payload_size", convert: soketiUnit("KiB")},
	{path: "eventLimits.maxBatchSize", env: []string{"EVENT_MAX_BATCH_SIZE"}, key: "apps.limits.event_batch", convert: soketiCount},
	{path: "presence.maxMembersPerChannel", env: []string{"PRESENCE_MAX_MEMBERS"}, key: "apps.limits.presence_members", convert: soketiCount},
	{path: "presence.maxMemberSizeInKb", env: []string{"PRESENCE_MAX_MEMBER_SIZE"}, key: "apps.limits.presence_member_size", convert: soketiUnit("KiB")},

	{path: "host", env: []string{"HOST"}},
	{path: "port", env: []string{"PORT"}},
	{path: "metrics.enabled", env: []string{"METRICS_ENABLED"}},
	{path: "metrics.host", env: []string{"METRICS_HOST"}},
	{path: "metrics.port", env: []string{"METRICS_SERVER_PORT"}},
	{path: "metrics.driver", env: []string{"METRICS_DRIVER"}, ignored: but("prometheus", "metrics are for Prometheus")},
	{path: "ssl.certPath", env: []string{"SSL_CERT"}, key: "tls.cert"},
	{path: "ssl.keyPath", env: []string{"SSL_KEY"}, key: "tls.key"},
	{path: "ssl.passphrase", env: []string{"SSL_PASS"}, ignored: because("a key is read without a passphrase; take it away with  openssl pkey")},
	{path: "ssl.caPath", env: []string{"SSL_CA"}, ignored: because("clients are asked for no certificate")},
	{path: "debug", env: []string{"DEBUG"}, key: "log.level", convert: soketiDebug},

	{path: "appManager.cache.enabled", env: []string{"APP_MANAGER_CACHE_ENABLED"}},
	{path: "appManager.cache.ttl", env: []string{"APP_MANAGER_CACHE_TTL"}},
	{path: "channelLimits.cacheTtl", env: []string{"CHANNEL_CACHE_TTL"}, key: "pusher.cache_ttl", convert: soketiUnit("s")},
	{path: "httpApi.requestLimitInMb", env: []string{"HTTP_MAX_REQUEST_SIZE"}, key: "pusher.body_size", convert: soketiMegabytes},
	{path: "httpApi.acceptTraffic.memoryThreshold", env: []string{"HTTP_ACCEPT_TRAFFIC_MEMORY_THRESHOLD"}, key: "pusher.memory_threshold", convert: soketiCount},
	{path: "metrics.prometheus.prefix", env: []string{"METRICS_PROMETHEUS_PREFIX"}, key: "pusher.metrics_prefix"},
	{path: "mode", env: []string{"MODE"}, key: "pusher.serve", convert: soketiMode},
	{path: "pathPrefix", env: []string{"PATH_PREFIX"}, key: "pusher.path_prefix", convert: soketiPath},
	{path: "shutdownGracePeriod", env: []string{"SHUTDOWN_GRACE_PERIOD"}, key: "pusher.shutdown_grace", convert: soketiUnit("ms")},
	{path: "userAuthenticationTimeout", env: []string{"USER_AUTHENTICATION_TIMEOUT"}, key: "pusher.user_authentication_timeout", convert: soketiUnit("ms")},
	{path: "webhooks.batching.enabled", env: []string{"WEBHOOKS_BATCHING"}, key: "pusher.webhooks.batch", convert: soketiBool},
	{path: "webhooks.batching.duration", env: []string{"WEBHOOKS_BATCHING_DURATION"}, key: "pusher.webhooks.batch_for", convert: soketiUnit("ms")},

	{path: "adapter.driver", env: []string{"ADAPTER_DRIVER"}, ignored: but("local", severalNodes)},
	{path: "cache.driver", env: []string{"CACHE_DRIVER"}, ignored: but("memory", severalNodes)},
	{path: "queue.driver", env: []string{"QUEUE_DRIVER"}, ignored: but("sync", "events for backends wait on this server's disk")},
	{path: "rateLimiter.driver", env: []string{"RATE_LIMITER_DRIVER"}, ignored: but("local", severalNodes)},
	{path: "cors", ignored: because("every origin may read every answer, which needs a signature and no cookie")},
	{path: "instance.process_id", ignored: silently},
}, soketiDefaultApp(), soketiOfSeveral())

// soketiAppPath begins the paths of what is said of the first app.
const soketiAppPath = "appManager.array.apps.0."

func isSoketiApp(path string) bool { return strings.HasPrefix(path, soketiAppPath) }

// soketiDefaultApp are the variables of the first app.
func soketiDefaultApp() (rows []soketiSetting) {
	for _, v := range [][2]string{
		{"ID", "id"}, {"KEY", "key"}, {"SECRET", "secret"}, {"MAX_CONNS", "maxConnections"},
		{"ENABLE_CLIENT_MESSAGES", "enableClientMessages"}, {"ENABLED", "enabled"},
		{"MAX_BACKEND_EVENTS_PER_SEC", "maxBackendEventsPerSecond"}, {"MAX_CLIENT_EVENTS_PER_SEC", "maxClientEventsPerSecond"},
		{"MAX_READ_REQ_PER_SEC", "maxReadRequestsPerSecond"}, {"USER_AUTHENTICATION", "enableUserAuthentication"},
		{"WEBHOOKS", "webhooks"},
	} {
		rows = append(rows, soketiSetting{path: soketiAppPath + v[1], env: []string{"DEFAULT_APP_" + v[0]}})
	}
	return rows
}

const severalNodes = "this is one server, which needs neither others nor Redis"

// soketiOfSeveral are the settings of Redis, and of servers that know each other.
func soketiOfSeveral() (rows []soketiSetting) {
	for _, part := range []struct{ path, env, names string }{
		{"adapter.cluster.", "ADAPTER_CLUSTER_", "requestsTimeout=REQUESTS_TIMEOUT prefix=PREFIX"},
		{"adapter.redis.", "ADAPTER_REDIS_", "prefix=PREFIX clusterMode=CLUSTER_MODE requestsTimeout=REQUESTS_TIMEOUT redisSubOptions=SUB_OPTIONS redisPubOptions=PUB_OPTIONS shardMode=SHARD_MODE"},
		{"adapter.nats.", "ADAPTER_NATS_", "prefix=PREFIX servers=SERVERS user=USER pass=PASSWORD token=TOKEN credentials=CREDENTIALS timeout=TIMEOUT requestsTimeout=REQUESTS_TIMEOUT nodesNumber=NODES_NUMBER"},
		{"cache.redis.", "CACHE_REDIS_", "clusterMode=CLUSTER_MODE redisOptions=OPTIONS"},
		{"cluster.", "CLUSTER_", "checkInterval=CHECK_INTERVAL hostname=HOST ignoreProcess=IGNORE_PROCESS broadcast=BROADCAST_ADDRESS helloInterval=KEEPALIVE_INTERVAL masterTimeout=MASTER_TIMEOUT multicast=MULTICAST_ADDRESS nodeTimeout=NODE_TIMEOUT port=PORT prefix=PREFIX unicast=UNICAST_ADDRESSES"},
		{"database.redis.", "DB_REDIS_", "host=HOST port=PORT db=DB username=USERNAME password=PASSWORD keyPrefix=KEY_PREFIX sentinels=SENTINELS sentinelPassword=SENTINEL_PASSWORD clusterNodes=CLUSTER_NODES name=INSTANCE_NAME"},
		{"queue.redis.", "QUEUE_REDIS_", "concurrency=CONCURRENCY redisOptions=OPTIONS clusterMode=CLUSTER_MODE"},
		{"queue.sqs.", "QUEUE_SQS_", "region=REGION clientOptions=CLIENT_OPTIONS queueUrl=URL endpoint=ENDPOINT processBatch=PROCESS_BATCH batchSize=BATCH_SIZE pollingWaitTimeMs=POLLING_WAIT_TIME_MS"},
		{"rateLimiter.redis.", "RATE_LIMITER_REDIS_", "redisOptions=OPTIONS clusterMode=CLUSTER_MODE"},
	} {
		for name := range strings.FieldsSeq(part.names) {
			name, env, _ := strings.Cut(name, "=")
			rows = append(rows, soketiSetting{path: part.path + name, env: []string{part.env + env}, ignored: because(severalNodes)})
		}
	}
	return rows
}

func silently(string) string { return "" }

func because(why string) func(string) string { return func(string) string { return why } }

// but is silent about the one value that says what is so here anyway.
func but(same, why string) func(string) string {
	return func(text string) string {
		if text == same {
			return ""
		}
		return why
	}
}

func soketiDriver(s string) (string, error) {
	if s == "array" {
		return driverStatic, nil
	}
	if !slices.Contains(appDrivers, s) || s == driverStatic {
		return "", fmt.Errorf("%q is none of array, dynamodb, mysql, postgres%s", s, didYouMean(s, append([]string{"array"}, appDrivers[1:]...)))
	}
	return s, nil
}

func soketiBool(s string) (string, error) {
	b, ok := apps.ParseBool(s)
	if !ok {
		return "", fmt.Errorf("%q is none of %s", s, apps.Words)
	}
	return strconv.FormatBool(b), nil
}

func soketiDebug(s string) (string, error) {
	on, err := soketiBool(s)
	if on == "true" {
		return "debug", err
	}
	return "", err
}

// soketiCount is a limit. One that would let nothing through is our default, as in an app's record.
func soketiCount(s string) (string, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return "", fmt.Errorf("%q is no number", s)
	}
	if n < 1 || n > 1e9 {
		return "", nil
	}
	return strconv.Itoa(int(n)), nil
}

// soketiUnit is a limit in a unit, likewise.
func soketiUnit(unit string) func(string) (string, error) {
	return func(s string) (string, error) {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return "", fmt.Errorf("%q is no number", s)
		}
		if !(n > 0) || n > 1e9 {
			return "", nil
		}
		return strconv.FormatFloat(n, 'f', -1, 64) + unit, nil
	}
}

// soketiMegabytes is a size in MB, which may have a fraction.
func soketiMegabytes(s string) (string, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return "", fmt.Errorf("%q is no number", s)
	}
	if !(n > 0) || n > 1e6 {
		return "", nil
	}
	return strconv.FormatInt(int64(n*(1<<20)), 10), nil
}

// soketiPath is a prefix of paths as ours are: with a slash before it and none behind.
func soketiPath(s string) (string, error) {
	if s = strings.Trim(s, "/"); s != "" {
		s = "/" + s
	}
	return s, nil
}

// soketiMode tells a worker, which soketi has for its queue of webhooks: here it has nothing to do but to be healthy.
func soketiMode(s string) (string, error) {
	switch strings.ToLower(s) {
	case "full", "server", "":
		return "", nil
	case "worker":
		return "false", nil
	}
	return "", fmt.Errorf("%q is none of full, server, worker", s)
}
