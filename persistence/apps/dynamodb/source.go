package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/logging"

	"dormouse/persistence/apps"
)

// Index is the table's global secondary index, by AppKey.
const Index = "AppKeyIndex"

// What one lookup may take. An app is looked up while a client waits for its connection.
const (
	attempts       = 3
	attemptTimeout = time.Second
	lookupTimeout  = 2500 * time.Millisecond
)

// idleConnections are kept for the next lookups. Beyond the SDK's own ten, each lookup of a rush, as after a start, would
// pay for a new connection.
const idleConnections = 64

// longestKey is DynamoDB's bound for a hash key, in bytes. It refuses to look for more.
const longestKey = 2048

var errClosed = errors.New("apps in DynamoDB: the source is closed")

// A Source reads apps from one table. It may be used from many goroutines.
type Source struct {
	client    *sdk.Client
	transport *http.Transport
	table     string
	region    string
	logger    *slog.Logger
	twice     apps.Seldom
	closed    atomic.Bool
}

var _ apps.Lister = (*Source)(nil)

// Open makes the source. It sends nothing: a table that cannot be reached now may be reached later.
//
// An error says which option is wrong, or what is wrong with the configuration that the SDK finds on this machine.
func Open(o Options) (*Source, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("apps in DynamoDB: %w", err)
	}
	cfg, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(o.Region), config.WithLogger(sdkLog(o.Logger)))
	if err != nil {
		return nil, fmt.Errorf("apps in DynamoDB: configuration of the AWS SDK: %w", err)
	}
	if o.emulated() {
		cfg.Credentials = aws.NewCredentialsCache(&placeholders{chain: cfg.Credentials, logger: o.Logger})
	}
	// The SDK's own way to the network, with the certificates that its variables name, but one that can be closed.
	builder, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		builder = awshttp.NewBuildableClient()
	}
	transport := builder.GetTransport()
	transport.MaxIdleConnsPerHost = idleConnections
	if o.dial != nil {
		transport.DialContext = o.dial
	}
	client := sdk.NewFromConfig(cfg, func(c *sdk.Options) {
		if o.Endpoint != "" {
			c.BaseEndpoint = aws.String(o.Endpoint)
		}
		c.HTTPClient = &http.Client{
			Transport: transport, Timeout: attemptTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		c.RetryMaxAttempts = attempts // whatever the environment says
		c.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts = attempts
			r.Backoff = retry.BackoffDelayerFunc(pause)
		})
	})
	return &Source{client: client, transport: transport, table: o.Table, region: o.Region, logger: o.Logger}, nil
}

// sdkLog is where the SDK writes what it sees on the way, which goes to stderr else. The errors of lookups tell it too.
func sdkLog(l *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
		l.Debug("AWS SDK", "says", fmt.Sprintf(format, v...))
	})
}

// pause is how long to wait before the next attempt: up to 50 ms, then up to 100 ms. The SDK's own pauses, of seconds,
// are longer than a lookup may take.
func pause(attempt int, _ error) (time.Duration, error) {
	longest := min(max(attempt, 1), attempts) * int(50*time.Millisecond)
	return time.Duration(longest/2 + rand.IntN(longest/2)), nil
}

// Close lets go of idle connections. Lookups under way go on, later ones fail.
func (s *Source) Close() error {
	s.closed.Store(true)
	s.transport.CloseIdleConnections()
	return nil
}

// ByID returns the item with this AppId, by its attributes' names.
//
// Errors: apps.ErrNoRecord; any other says that the table could not be read.
func (s *Source) ByID(ctx context.Context, id string) (apps.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	if err := s.possible(id); err != nil {
		return nil, err
	}
	return s.get(ctx, id)
}

func (s *Source) get(ctx context.Context, id string) (apps.Record, error) {
	out, err := s.client.GetItem(ctx, &sdk.GetItemInput{
		TableName: aws.String(s.table),
		Key:       map[string]types.AttributeValue{"AppId": &types.AttributeValueMemberS{Value: id}},
	})
	switch {
	case err != nil:
		return nil, s.fault(err)
	case len(out.Item) == 0:
		return nil, apps.ErrNoRecord
	}
	return record(out.Item), nil
}

// ByKey returns the item with this AppKey, by its attributes' names: of several, that with the smallest AppId. That
// there are several is logged.
//
// Errors: apps.ErrNoRecord; any other says that the table or its index could not be read.
func (s *Source) ByKey(ctx context.Context, key string) (apps.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	if err := s.possible(key); err != nil {
		return nil, err
	}
	items, err := s.query(ctx, key, 2)
	if len(items) > 1 {
		items, err = s.query(ctx, key, mostItems) // in no order that one could lean on
	}
	switch {
	case err != nil:
		return nil, err
	case len(items) == 0:
		return nil, apps.ErrNoRecord
	}
	item := items[0]
	for _, other := range items[1:] {
		if text(other["AppId"]) < text(item["AppId"]) {
			item = other
		}
	}
	if len(items) > 1 && s.twice.Allow(key) {
		s.logger.Error("several apps have one key, the smallest id is used", "table", s.table, "key", key,
			"used", text(item["AppId"]), "items", len(items))
	}
	if text(item["AppSecret"]) != "" || text(item["secret"]) != "" {
		return record(item), nil
	}
	// The index does not project it, or there is none. The table may be ahead of the index, too: then the app has
	// another key now, or is gone.
	whole, err := s.get(ctx, text(item["AppId"]))
	if err != nil {
		return nil, err
	}
	if whole["AppKey"] != key {
		return nil, apps.ErrNoRecord
	}
	return whole, nil
}

// mostItems bounds the items of one key that are compared. More than one is a mistake already.
const mostItems = 100

// query returns up to limit items that have this key.
func (s *Source) query(ctx context.Context, key string, limit int32) ([]map[string]types.AttributeValue, error) {
	out, err := s.client.Query(ctx, &sdk.QueryInput{
		TableName:                 aws.String(s.table),
		IndexName:                 aws.String(Index),
		KeyConditionExpression:    aws.String("AppKey = :app_key"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":app_key": &types.AttributeValueMemberS{Value: key}},
		Limit:                     aws.Int32(limit),
	})
	if err != nil {
		return nil, s.fault(err)
	}
	return out.Items, nil
}

// possible returns an error unless the table may be asked for this id or key. What no hash key can be is not asked
// for: DynamoDB's refusal would look like an outage.
func (s *Source) possible(name string) error {
	if s.closed.Load() {
		return errClosed
	}
	if name == "" || len(name) > longestKey || !utf8.ValidString(name) {
		return apps.ErrNoRecord
	}
	return nil
}

// fault says of what could not be read where it should be, since the SDK names neither table nor region.
func (s *Source) fault(err error) error {
	var none *types.ResourceNotFoundException
	switch {
	case errors.As(err, &none):
		return fmt.Errorf("apps in DynamoDB: there is no table %s in region %s: %w", s.table, s.region, err)
	case strings.Contains(err.Error(), "specified index"):
		return fmt.Errorf("apps in DynamoDB: the table %s has no index %s, by which apps are found by their keys: %w", s.table, Index, err)
	}
	return fmt.Errorf("apps in DynamoDB: table %s: %w", s.table, err)
}
