package dynamodb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dormouse/persistence/apps/storetest"
)

var servers storetest.Servers

// TestMain keeps the SDK from what this machine has of AWS, and from asking the network who it is.
func TestMain(m *testing.M) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	servers.Stop()
	os.Exit(code)
}

// An item is what is put into a table.
type item = map[string]types.AttributeValue

func str(v string) types.AttributeValue    { return &types.AttributeValueMemberS{Value: v} }
func num(v string) types.AttributeValue    { return &types.AttributeValueMemberN{Value: v} }
func binary(v string) types.AttributeValue { return &types.AttributeValueMemberB{Value: []byte(v)} }

// sample is the item as soketi documents it.
func sample() item {
	return item{
		"AppId": str("app-id"), "AppKey": str("app-key"), "AppSecret": str("app-secret"), "MaxConnections": num("-1"),
		"EnableClientMessages": binary("false"), "Enabled": binary("true"), "MaxBackendEventsPerSecond": num("-1"),
		"MaxClientEventsPerSecond": num("-1"), "MaxReadRequestsPerSecond": num("-1"), "Webhooks": str("[]"),
	}
}

// administrator makes and fills tables, which the source never does.
func administrator(endpoint string) *sdk.Client {
	return sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider("tests", "tests", ""),
	})
}

var tables atomic.Int64

// table makes one with a name of its own from the schema that is printed, and puts items into it. change, unless nil,
// makes it another one.
func table(t *testing.T, endpoint string, change func(*sdk.CreateTableInput), items ...item) string {
	t.Helper()
	name := fmt.Sprintf("apps_%d", tables.Add(1))
	fill(t, endpoint, name, change, items...)
	return name
}

func fill(t *testing.T, endpoint, name string, change func(*sdk.CreateTableInput), items ...item) {
	t.Helper()
	var in sdk.CreateTableInput
	decoder := json.NewDecoder(strings.NewReader(Schema(name)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&in)
	}
	client := administrator(endpoint)
	if _, err := client.CreateTable(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
	for active := false; !active; {
		out, err := client.DescribeTable(t.Context(), &sdk.DescribeTableInput{TableName: &name})
		if err != nil {
			t.Fatal(err)
		}
		active = out.Table.TableStatus == types.TableStatusActive
		for _, index := range out.Table.GlobalSecondaryIndexes {
			active = active && index.IndexStatus == types.IndexStatusActive
		}
	}
	for _, i := range items {
		put(t, endpoint, name, i)
	}
}

func put(t *testing.T, endpoint, name string, i item) {
	t.Helper()
	if _, err := administrator(endpoint).PutItem(t.Context(), &sdk.PutItemInput{TableName: &name, Item: i}); err != nil {
		t.Fatal(err)
	}
}

// open returns a source over a table, and what it logs.
func open(t *testing.T, endpoint, table string) (*Source, *logged) {
	t.Helper()
	l := &logged{}
	s, err := Open(Options{Endpoint: endpoint, Table: table, Logger: slog.New(slog.NewTextHandler(l, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, l
}

// logged is what a source has logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// A watch stands before a server and sees what is asked.
type watch struct {
	URL string

	mu    sync.Mutex
	calls []string
}

func watched(t *testing.T, endpoint string) *watch {
	t.Helper()
	behind, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy, w := httputil.NewSingleHostReverseProxy(behind), &watch{}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		w.mu.Lock()
		_, call, _ := strings.Cut(in.Header.Get("X-Amz-Target"), ".")
		w.calls = append(w.calls, call)
		w.mu.Unlock()
		proxy.ServeHTTP(out, in)
	}))
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// took is what was asked since it was called last.
func (w *watch) took() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := strings.Join(w.calls, " ")
	w.calls = nil
	return calls
}
