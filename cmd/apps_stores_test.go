package cmd

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dormouse/persistence/apps/storetest"
)

// A session is commands with one environment.
type session struct {
	t   *testing.T
	env []string
}

// prints runs a command and wants this exit code, and all of these texts in what it prints, in any order.
func (s *session) prints(code int, args string, want ...string) string {
	s.t.Helper()
	got, out, err := command(s.t, s.env, strings.Fields(args)...)
	if got != code {
		s.t.Errorf("%s ends with %d, want %d:\n%s%s", args, got, code, out, err)
	}
	for _, text := range want {
		if !strings.Contains(out+err, text) {
			s.t.Errorf("%s prints no %q:\n%s%s", args, text, out, err)
		}
	}
	return out
}

func keepAWSAway(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "tests")
	}
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_REGION": "",
	} {
		t.Setenv(name, value)
	}
}

// The commands on a table in DynamoDB, found by soketi's variables alone (case A25): it is made by what print-schema
// prints, and has soketi's sample item, and some that are wrong.
func TestOnDynaliteAppsCommands(t *testing.T) {
	keepAWSAway(t)
	var servers storetest.Servers
	t.Cleanup(servers.Stop)
	server := servers.Dynalite(t)
	s := session{t, []string{
		"SOKETI_APP_MANAGER_DRIVER=dynamodb", "SOKETI_APP_MANAGER_DYNAMODB_TABLE=tenants", "SOKETI_APP_MANAGER_DYNAMODB_ENDPOINT=" + server.URL,
	}}

	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("tests", "tests", ""),
	})
	s.prints(1, "apps check", "fault    lookup by id: ", "fault    lookup by key: ", "ResourceNotFoundException")

	var table dynamodb.CreateTableInput
	if err := json.Unmarshal([]byte(s.prints(0, "apps print-schema")), &table); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateTable(t.Context(), &table); err != nil {
		t.Fatal(err)
	}
	if err := dynamodb.NewTableExistsWaiter(client).Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: table.TableName}, patience); err != nil {
		t.Fatal(err)
	}
	s.prints(0, "apps list", "there is no app in table tenants in DynamoDB, us-east-1 at "+server.URL)

	text := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	number := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	bytes := func(v string) types.AttributeValue { return &types.AttributeValueMemberB{Value: []byte(v)} }
	put := func(item map[string]types.AttributeValue) {
		t.Helper()
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("tenants"), Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	put(map[string]types.AttributeValue{
		"AppId": text("app-id"), "AppKey": text("app-key"), "AppSecret": text("hush"), "MaxConnections": number("-1"),
		"EnableClientMessages": bytes("false"), "Enabled": bytes("true"), "MaxBackendEventsPerSecond": number("-1"),
		"MaxClientEventsPerSecond": number("-1"), "MaxReadRequestsPerSecond": number("-1"), "Webhooks": text("[]"),
	})
	s.prints(0, "apps list --json", `"id":"app-id"`, `"max_connections":null`)
	s.prints(0, "apps get app-id", "enabled: true", "enable_client_messages: false")
	s.prints(0, "apps get --by-key app-key --show-secret", "secret: hush")
	if out := s.prints(0, "apps check", `ok       app "app-id": key app-key`, "1 app, 0 warnings, 0 faults"); strings.Contains(out, "hush") {
		t.Error("check shows the secret")
	}

	put(map[string]types.AttributeValue{"AppId": text("nameless"), "AppKey": text("nameless-key")})
	put(map[string]types.AttributeValue{"AppId": text("off"), "AppKey": text("off-key"), "AppSecret": text("s"), "Enabled": bytes("false")})
	put(map[string]types.AttributeValue{"AppId": text("zz"), "AppKey": text("app-key"), "AppSecret": text("s")})
	s.prints(1, "apps list", "nameless  nameless-key", "secret or AppSecret is missing", "off-key", "1 warning: dormouse apps check off", "1 of these cannot be used")
	s.prints(1, "apps check",
		`fault    app "nameless": secret or AppSecret is missing or empty; no server knows it`,
		`warning  app "off": Enabled is the bytes "false", which means false here and meant true in soketi`,
		`fault    app "zz": its key is that of app "app-id"`,
		"warning  ", "2 faults")
	s.prints(0, "apps check off", "1 app, 1 warning, 0 faults")
	s.prints(1, "apps get nameless", "the record is no app")
	s.prints(1, "apps get ap-id", `no app in table tenants in DynamoDB, us-east-1 at `+server.URL+` has the id "ap-id"`)

	server.Stop()
	s.prints(1, "apps list", "apps in DynamoDB: ", "tenants")
	s.prints(1, "apps get app-id", "apps in DynamoDB: ", "tenants")
}

// The commands on a table in SQL, which print-schema's statement makes.
func testAppsInSQL(t *testing.T, store, driver string, server *storetest.Server) {
	host, port, _ := strings.Cut(server.Addr, ":")
	variable := "SOKETI_DB_" + strings.ToUpper(store)
	s := session{t, []string{
		"SOKETI_APP_MANAGER_DRIVER=" + store, variable + "_HOST=" + host, variable + "_PORT=" + port, variable + "_USERNAME=" + server.User,
		variable + "_PASSWORD=" + server.Password, variable + "_DATABASE=" + server.Database,
	}}
	db, err := sql.Open(driver, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	s.prints(1, "apps check", "fault    lookup by id: ", "fault    lookup by key: ")
	exec(s.prints(0, "apps print-schema"))
	s.prints(0, "apps list", "there is no app in table apps in ")
	quote := `"`
	if store == driverMySQL {
		quote = "`"
	}
	exec(fmt.Sprintf(`insert into apps (id, %[1]skey%[1]s, secret, webhooks) values ('shop', '4f1c', 'hush', '[{"url":"https://x.example/a","event_types":["member_added"]}]')`, quote))
	exec(fmt.Sprintf(`insert into apps (id, %[1]skey%[1]s, secret, enabled, max_connections) values ('news', 'n', '', 0, 5)`, quote))
	s.prints(1, "apps list", "shop  4f1c  yes      any          no             1", "news", "secret or AppSecret is missing")
	s.prints(0, "apps get --by-key 4f1c", "id: shop", `url: "https://x.example/…"`, "max_event_batch_size: 10")
	s.prints(1, "apps check", `ok       app "shop": key 4f1c`, `fault    app "news": `, "2 apps, 0 warnings, 1 fault")
	whole := session{t, []string{"DORMOUSE_APPS_DRIVER=" + store, "DORMOUSE_APPS_" + strings.ToUpper(store) + "_DSN=" + server.URL}}
	whole.prints(0, "apps check shop", `ok       app "shop": key 4f1c`)
	s.prints(1, "apps check --apps-"+store+"-password wrong-password", "fault    lookup by id: ")
	server.Stop()
	s.prints(1, "apps list", "apps in ", "table apps")
}

func TestOnPostgresAppsCommands(t *testing.T) {
	var servers storetest.Servers
	t.Cleanup(servers.Stop)
	testAppsInSQL(t, driverPostgres, "pgx", servers.Postgres(t))
}

func TestOnMariaDBAppsCommands(t *testing.T) {
	var servers storetest.Servers
	t.Cleanup(servers.Stop)
	testAppsInSQL(t, driverMySQL, "mysql", servers.MariaDB(t))
}
