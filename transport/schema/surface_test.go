package schema_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dormouse/actors/channel"
	"dormouse/actors/courier"
	"dormouse/actors/schedule"
	"dormouse/claims"
	"dormouse/transport/docs"
	"dormouse/transport/hotsock"
	"dormouse/transport/pusher"
)

// same says what is in one list and not in the other.
func same(t *testing.T, what string, described, there []string) {
	t.Helper()
	for _, name := range there {
		if !slices.Contains(described, name) {
			t.Errorf("%s %s is not described", what, name)
		}
	}
	for _, name := range described {
		if !slices.Contains(there, name) {
			t.Errorf("%s %s is described and is not there", what, name)
		}
	}
}

var pathNames = regexp.MustCompile(`\{[^}]*\}`)

// Every call of the HTTP APIs is described, and nothing else but how a WebSocket begins, and what has servers of
// its own: that is for a test beside the admin listener.
func TestEveryCallIsDescribed(t *testing.T) {
	open, _ := documents(t)
	described := []string{}
	for path, item := range at(open, "paths") {
		if item.(object)["servers"] != nil {
			continue
		}
		for method, of := range item.(object) {
			if _, ok := of.(object); ok {
				described = append(described, strings.ToUpper(method)+" "+pathNames.ReplaceAllString(path, "*"))
			}
		}
	}
	calls := append(hotsock.Routes(), pusher.ManageCalls()...)
	same(t, "the call", described, append(calls, "GET /", "GET /v1", "GET /console/", "GET /console/counts", "GET "+docs.Path, "GET "+docs.Path+"*", "GET "+docs.Path+"openapi.json", "GET "+docs.Path+"asyncapi.json"))
}

// described lists the names of the messages of a side.
func described(t *testing.T, side string) (all []string) {
	_, async := documents(t)
	for id, m := range at(async, "components", "messages") {
		if strings.HasPrefix(id, side+".") {
			all = append(all, m.(object)["name"].(string))
		}
	}
	return all
}

func TestEveryFrameIsDescribed(t *testing.T) {
	same(t, "the client's frame", described(t, "client"), append(hotsock.ClientEvents(), "publish"))
	var told []string
	for kind := range 256 {
		m := &channel.Message{
			Kind: channel.Kind(kind), Event: "message", Channel: "c", Err: channel.ErrInternal, Conn: new(channel.ConnectionInfo), Meta: new(channel.Meta),
		}
		frame := hotsock.Codec{}.Append(nil, m)
		if len(frame) == 0 {
			continue
		}
		var of struct{ Event string }
		if err := json.Unmarshal(frame, &of); err != nil {
			t.Fatal(err)
		}
		told = append(told, of.Event)
	}
	same(t, "the server's frame", described(t, "server"), told)
}

func TestEveryEventIsDescribed(t *testing.T) {
	_, async := documents(t)
	var said, there []string
	for id, m := range at(async, "components", "messages") {
		if strings.HasPrefix(id, "event.") {
			properties := at(list(at(m.(object), "payload")["allOf"])[1].(object), "properties")
			said = append(said, fmt.Sprint(m.(object)["name"], " of ", at(properties, "dataType")["const"]))
		}
	}
	for name, dataType := range courier.Types {
		there = append(there, name+" of "+dataType)
	}
	same(t, "the event", said, there)
}

func TestEveryCodeIsDescribed(t *testing.T) {
	open, _ := documents(t)
	var said, there []string
	for _, code := range list(at(open, "components", "schemas", "ErrorCode")["enum"]) {
		said = append(said, code.(string))
	}
	statuses := map[string]bool{}
	for _, code := range hotsock.Codes {
		there = append(there, code.Name)
		status := strconv.Itoa(code.Status)
		statuses["Refused"+status] = true
		of := at(open, "components", "responses", "Refused"+status, "content", "application/json", "schema", "properties", "error", "properties", "code")
		if !slices.Contains(list(of["enum"]), any(code.Name)) {
			t.Errorf("%s is described with another status than %s", code.Name, status)
		}
	}
	same(t, "the code", said, there)
	same(t, "the refusal", names(at(open, "components", "responses")), names(object(anyOf(statuses))))
	for name, of := range at(open, "components", "responses") {
		if text := of.(object)["description"].(string); strings.HasPrefix(text, " ") {
			t.Errorf("%s has no meaning", name)
		}
	}
}

func anyOf(set map[string]bool) map[string]any {
	all := map[string]any{}
	for name := range set {
		all[name] = true
	}
	return all
}

// The bounds in the document are the program's.
func TestBounds(t *testing.T) {
	open, async := documents(t)
	for _, b := range []struct {
		schema, keyword string
		want            int64
	}{
		{"ChannelName", "maxLength", claims.MaxChannel},
		{"ChannelOrAlias", "maxLength", claims.MaxChannel},
		{"EventName", "maxLength", claims.MaxEvent},
		{"StorageKey", "maxLength", claims.MaxStorageKey},
		{"Reaction", "maxLength", claims.MaxReaction},
		{"Store", "maximum", claims.MaxStore},
		{"ScheduleExpression", "maxLength", schedule.MaxLength},
	} {
		for _, doc := range []object{open, async} {
			of := at(doc, "components", "schemas", b.schema)
			if of != nil && fmt.Sprint(of[b.keyword]) != strconv.FormatInt(b.want, 10) {
				t.Errorf("%s has %s %v, want %d", b.schema, b.keyword, of[b.keyword], b.want)
			}
		}
	}
}
