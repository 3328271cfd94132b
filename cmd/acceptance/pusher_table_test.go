package acceptance

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

	appsindynamo "dormouse/persistence/apps/dynamodb"
	appsinsql "dormouse/persistence/apps/sql"
	"dormouse/persistence/apps/storetest"
)

// An appTable is a table of apps in a real store, as its owner has it in hand.
type appTable interface {
	// settings have a server read it.
	settings() settings
	// put writes an app in the place of the one with its id, if there is one.
	put(t *testing.T, a *pusherApp)
	// freeze has the store take requests and answer none, until it is stopped. A store that cannot be brought to that
	// goes on, and false is returned.
	freeze(t *testing.T) bool
	// stop ends the store as a fault would.
	stop()
	// start starts it where it was, with what it had.
	start(t *testing.T)
}

// A dynamoTable is one that soketi's users have in DynamoDB.
type dynamoTable struct {
	server *storetest.Server
	client *dynamodb.Client
	had    map[string]map[string]types.AttributeValue // items, which dynalite has in memory
}

func newDynamoTable(t *testing.T, server *storetest.Server) *dynamoTable {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	d := &dynamoTable{server: server, had: map[string]map[string]types.AttributeValue{}}
	d.client = dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("owner", "owner", ""),
	})
	d.create(t)
	return d
}

func (d *dynamoTable) create(t *testing.T) {
	t.Helper()
	var in dynamodb.CreateTableInput
	if err := json.Unmarshal([]byte(appsindynamo.Schema("")), &in); err != nil {
		t.Fatal(err)
	}
	if _, err := d.client.CreateTable(t.Context(), &in); err != nil {
		t.Fatal(err)
	}
	waiter := dynamodb.NewTableExistsWaiter(d.client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = pollEvery })
	if err := waiter.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: in.TableName}, patience); err != nil {
		t.Fatal(err)
	}
}

func (d *dynamoTable) settings() settings {
	return settings{"apps.driver": "dynamodb", "apps.dynamodb.endpoint": d.server.URL}
}

func (d *dynamoTable) put(t *testing.T, a *pusherApp) {
	t.Helper()
	item := map[string]types.AttributeValue{}
	for name, v := range a.record() {
		// soketi's attributes, and so the bytes that stand for its switches.
		switch name {
		case "id", "key", "secret":
			name = "app_" + name
		}
		words := strings.Split(name, "_")
		for i, word := range words {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
		name = strings.Join(words, "")
		switch v := v.(type) {
		case string:
			item[name] = &types.AttributeValueMemberS{Value: v}
		case bool:
			item[name] = &types.AttributeValueMemberB{Value: fmt.Append(nil, v)}
		case int:
			item[name] = &types.AttributeValueMemberN{Value: fmt.Sprint(v)}
		default:
			t.Fatalf("%s is %T", name, v)
		}
	}
	d.had[a.id] = item
	d.write(t, item)
}

func (d *dynamoTable) write(t *testing.T, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := d.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("apps"), Item: item}); err != nil {
		t.Fatal(err)
	}
}

func (d *dynamoTable) freeze(t *testing.T) bool {
	t.Helper()
	d.server.Freeze(t)
	return true
}

func (d *dynamoTable) stop() { d.server.Stop() }

func (d *dynamoTable) start(t *testing.T) {
	t.Helper()
	d.server.Start(t)
	d.create(t)
	for _, item := range d.had {
		d.write(t, item)
	}
}

// A sqlTable is one that soketi's users have in PostgreSQL or MySQL.
type sqlTable struct {
	server  *storetest.Server
	dialect appsinsql.Dialect
	db      *sql.DB
}

func newSQLTable(t *testing.T, server *storetest.Server, dialect appsinsql.Dialect, driver string) *sqlTable {
	t.Helper()
	db, err := sql.Open(driver, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	statement, err := appsinsql.Schema(dialect, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return &sqlTable{server, dialect, db}
}

func (s *sqlTable) settings() settings {
	driver := "postgres"
	if s.dialect == appsinsql.MySQL {
		driver = "mysql"
	}
	at := "apps." + driver + "."
	host, port, _ := strings.Cut(s.server.Addr, ":")
	return settings{
		"apps.driver": driver, at + "host": host, at + "port": port,
		at + "user": s.server.User, at + "password": s.server.Password, at + "database": s.server.Database,
	}
}

func (s *sqlTable) put(t *testing.T, a *pusherApp) {
	t.Helper()
	var columns, marks []string
	var values []any
	for name, v := range a.record() {
		if on, ok := v.(bool); ok {
			v = map[bool]int{true: 1}[on]
		}
		if values = append(values, v); s.dialect == appsinsql.MySQL {
			columns, marks = append(columns, "`"+name+"`"), append(marks, "?")
		} else {
			columns, marks = append(columns, `"`+name+`"`), append(marks, fmt.Sprint("$", len(values)))
		}
	}
	tx, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	where := "id = $1"
	if s.dialect == appsinsql.MySQL {
		where = "id = ?"
	}
	if _, err := tx.ExecContext(t.Context(), "delete from apps where "+where, a.id); err != nil {
		t.Fatal(err)
	}
	insert := fmt.Sprintf("insert into apps (%s) values (%s)", strings.Join(columns, ", "), strings.Join(marks, ", "))
	if _, err := tx.ExecContext(t.Context(), insert, values...); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func (s *sqlTable) freeze(t *testing.T) bool {
	t.Helper()
	if s.dialect == appsinsql.Postgres {
		return false // it is many processes
	}
	s.server.Freeze(t)
	return true
}

func (s *sqlTable) stop() { s.server.Stop() }

func (s *sqlTable) start(t *testing.T) {
	t.Helper()
	s.server.Start(t)
	// The pool finds out by itself which of its connections are gone.
	until(t, "the database answers", func() bool { return s.db.PingContext(t.Context()) == nil })
}
