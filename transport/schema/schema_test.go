package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"dormouse/transport/schema"
	"dormouse/transport/schema/schematest"
)

type object = map[string]any

func read(t *testing.T, text []byte) object {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value.(object)
}

func documents(t *testing.T) (open, async object) {
	return read(t, schema.OpenAPI()), read(t, schema.AsyncAPI())
}

func at(value object, path ...string) object {
	for _, name := range path {
		value, _ = value[name].(object)
	}
	return value
}

func TestDocumentsAreWhatTheirStandardsSay(t *testing.T) {
	open, async := documents(t)
	for name, doc := range map[string]object{"openapi-3.1.json": open, "asyncapi-3.0.0.json": async} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		if err := compiler.AddResource("mem://"+name, read(t, text)); err != nil {
			t.Fatal(err)
		}
		standard, err := compiler.Compile("mem://" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := standard.Validate(any(doc)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What json.Unmarshal would not tell: a name that stands twice in an object.
func TestNoMemberStandsTwice(t *testing.T) {
	for _, text := range [][]byte{schema.OpenAPI(), schema.AsyncAPI()} {
		d := json.NewDecoder(bytes.NewReader(text))
		var walk func(path string)
		walk = func(path string) {
			token, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			switch token {
			case json.Delim('{'):
				seen := map[string]bool{}
				for d.More() {
					name, _ := d.Token()
					if seen[name.(string)] {
						t.Errorf("%s has %s twice", path, name)
					}
					seen[name.(string)] = true
					walk(path + "/" + name.(string))
				}
				_, _ = d.Token()
			case json.Delim('['):
				for i := 0; d.More(); i++ {
					walk(fmt.Sprintf("%s/%d", path, i))
				}
				_, _ = d.Token()
			}
		}
		walk("#")
	}
}

// A reference leads somewhere, and an operation has a name of its own.
func TestReferencesLeadSomewhere(t *testing.T) {
	open, async := documents(t)
	for _, doc := range []object{open, async} {
		ids := map[string]bool{}
		var walk func(path string, value any)
		walk = func(path string, value any) {
			switch value := value.(type) {
			case object:
				if ref, ok := value["$ref"].(string); ok && at(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...) == nil {
					t.Errorf("%s leads to %s, which is not there", path, ref)
				}
				if id, ok := value["operationId"].(string); ok {
					if ids[id] {
						t.Errorf("%s: the operation %s is there twice", path, id)
					}
					ids[id] = true
				}
				for name, of := range value {
					walk(path+"/"+name, of)
				}
			case []any:
				for i, item := range value {
					walk(fmt.Sprintf("%s/%d", path, i), item)
				}
			}
		}
		walk("#", doc)
	}
}

// keywords are all that the schemas use; another one is a slip of the pen.
var keywords = strings.Fields(`type description enum const default examples format pattern minLength maxLength minimum maximum
	items minItems maxItems uniqueItems properties required additionalProperties maxProperties dependentRequired oneOf anyOf not $ref`)

// Every schema says what it is for, how large it may be, and what it looks like; and its examples are right.
func TestSchemasAreWhole(t *testing.T) {
	open, async := documents(t)
	for name, doc := range map[string]object{"openapi": open, "asyncapi": async} {
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		address := "mem://" + name + ".json"
		if err := compiler.AddResource(address, any(doc)); err != nil {
			t.Fatal(err)
		}
		standard := metaSchema(t)
		for pointer, of := range schemasOf(doc) {
			if err := standard.Validate(any(of)); err != nil {
				t.Errorf("%s %s: %v", name, pointer, err)
				continue
			}
			whole(t, name+" "+pointer, of)
			compiled, err := compiler.Compile(address + pointer)
			if err != nil {
				t.Errorf("%s %s: %v", name, pointer, err)
				continue
			}
			examples, _ := of["examples"].([]any)
			for _, example := range examples {
				if err := compiled.Validate(example); err != nil {
					t.Errorf("%s %s: the example %v: %v", name, pointer, example, err)
				}
			}
		}
	}
}

// whole says what a schema lacks.
func whole(t *testing.T, name string, of object) {
	for keyword := range of {
		if !slices.Contains(keywords, keyword) {
			t.Errorf("%s: %q is no keyword of schemas", name, keyword)
		}
	}
	if of["$ref"] != nil {
		if len(of) > 1 {
			t.Errorf("%s: a reference stands alone", name)
		}
		return
	}
	if text, _ := of["description"].(string); !strings.HasSuffix(text, ".") {
		t.Errorf("%s has no description, or one that is no sentence: %q", name, text)
	}
	if examples, _ := of["examples"].([]any); len(examples) == 0 {
		t.Errorf("%s has no examples", name)
	}
	types, _ := of["type"].([]any)
	if one, ok := of["type"].(string); ok {
		types = append(types, one)
	}
	for _, bound := range []struct {
		of    string
		needs []string
	}{
		{"string", []string{"maxLength"}}, {"integer", []string{"minimum", "maximum"}}, {"number", []string{"minimum", "maximum"}}, {"array", []string{"items", "maxItems"}},
	} {
		for _, need := range bound.needs {
			if slices.Contains(types, any(bound.of)) && of[need] == nil {
				t.Errorf("%s is a %s without %s", name, bound.of, need)
			}
		}
	}
	if slices.Contains(types, any("object")) && of["properties"] == nil && of["additionalProperties"] == nil {
		t.Errorf("%s is an object of nobody knows what", name)
	}
}

// schemasOf lists the schemas in a document by their JSON pointers, those within others too.
func schemasOf(doc object) map[string]object {
	all := map[string]object{}
	var add func(pointer string, of any)
	add = func(pointer string, value any) {
		of, ok := value.(object)
		if !ok {
			return
		}
		all[pointer] = of
		for name, property := range at(of, "properties") {
			add(pointer+"/properties/"+name, property)
		}
		for _, inner := range []string{"items", "additionalProperties"} {
			add(pointer+"/"+inner, of[inner])
		}
		for i, inner := range list(of["anyOf"]) {
			add(fmt.Sprintf("%s/anyOf/%d", pointer, i), inner)
		}
	}
	for name, of := range at(doc, "components", "schemas") {
		add("#/components/schemas/"+name, of)
	}
	var walk func(pointer string, value any)
	walk = func(pointer string, value any) {
		switch value := value.(type) {
		case object:
			for name, of := range value {
				here := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
				if name == "schema" {
					if of.(object)["anyOf"] == nil { // alternatives of an answer, each with a name of its own
						add(here, of)
					}
				} else if here != "#/components/schemas" {
					walk(here, of)
				}
			}
		case []any:
			for i, item := range value {
				walk(fmt.Sprintf("%s/%d", pointer, i), item)
			}
		}
	}
	walk("#", doc)
	return all
}

func list(value any) []any {
	all, _ := value.([]any)
	return all
}

func TestCallsAreWhole(t *testing.T) {
	open, _ := documents(t)
	tags := map[string]bool{}
	for _, tag := range list(open["tags"]) {
		tags[tag.(object)["name"].(string)] = true
	}
	for path, item := range at(open, "paths") {
		for method, of := range item.(object) {
			call, ok := of.(object)
			if !ok {
				continue
			}
			for _, needs := range []string{"operationId", "summary", "description"} {
				if text, _ := call[needs].(string); text == "" {
					t.Errorf("%s %s has no %s", method, path, needs)
				}
			}
			if call["security"] == nil || len(list(call["tags"])) != 1 || !tags[list(call["tags"])[0].(string)] {
				t.Errorf("%s %s must have security and one of the tags", method, path)
			}
			for status, response := range at(call, "responses") {
				if ref, ok := response.(object)["$ref"].(string); ok && strings.HasSuffix(ref, "Refused"+status) {
					continue
				}
				if text, _ := response.(object)["description"].(string); text == "" {
					t.Errorf("%s %s has no description of %s", method, path, status)
				}
			}
		}
	}
}

// The checker sees what is wrong.
func TestCheckerFindsFaults(t *testing.T) {
	c, err := schematest.New(schema.OpenAPI(), schema.AsyncAPI())
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"a member that no frame has":    c.Told([]byte(`{"event":"hotsock.pong","data":"{}","more":1}`)),
		"a frame that nobody sends":     c.Told([]byte(`{"event":"hotsock.subscribe","channel":"c"}`)),
		"a frame without its channel":   c.Sent([]byte(`{"event":"hotsock.subscribe"}`)),
		"an event without its data":     c.Event([]byte(`{"source":"hotsock.v1","type":"hotsock.channelUpdated","metadata":{"hotsockVersion":"1"},"data":{},"dataType":"channel"}`)),
		"an event of another type":      c.Event([]byte(`{"source":"hotsock.v1","type":"hotsock.channelUpdated","metadata":{"hotsockVersion":"1"},"data":{"name":"c","subscriptionsCount":1},"dataType":"message"}`)),
		"a call that is not there":      c.Exchange(&schematest.Exchange{Method: "GET", Target: "/nowhere", Status: 200}),
		"a status that is not there":    c.Exchange(&schematest.Exchange{Method: "GET", Target: "/channels/c", Status: 202, Type: "application/json", Answer: []byte(`{"name":"c","subscriptionsCount":1}`)}),
		"another answer":                c.Exchange(&schematest.Exchange{Method: "GET", Target: "/channels/c", Status: 200, Type: "application/json", Answer: []byte(`{"name":"c"}`)}),
		"a code of another status":      c.Exchange(&schematest.Exchange{Method: "GET", Target: "/channels/c", Status: 401, Type: "application/json", Answer: []byte(`{"error":{"code":"NOT_FOUND","message":"x"}}`)}),
		"a query of its own":            c.Exchange(&schematest.Exchange{Method: "GET", Target: "/channels?more=1", Status: 200, Type: "application/json", Answer: []byte(`{"channels":[],"more":false}`)}),
		"a body that is not taken":      c.Exchange(&schematest.Exchange{Method: "POST", Target: "/publish", Body: []byte(`{"channel":"c"}`), Status: 202, Type: "application/json", Answer: []byte(`{"channel":"c","event":"e"}`)}),
		"an answer where there is none": c.Exchange(&schematest.Exchange{Method: "DELETE", Target: "/channels/c", Status: 204, Answer: []byte(`{}`)}),
	} {
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, err := range map[string]error{
		"a frame":          c.Told([]byte(`{"event":"hotsock.pong","data":"{}"}`)),
		"a frame of nulls": c.Sent([]byte(`{"event":"hotsock.heartbeat","ref":null}`)),
		"an event":         c.Event([]byte(`{"source":"hotsock.v1","type":"hotsock.channelUpdated","metadata":{"channel":"c","hotsockVersion":"1"},"data":{"name":"c","subscriptionsCount":1},"dataType":"channel"}`)),
		"an answer":        c.Exchange(&schematest.Exchange{Method: "GET", Target: "/channels/a%2Fb?", Status: 200, Type: "application/json", Answer: []byte(`{"name":"a/b","subscriptionsCount":1}`)}),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if want := []string{"client.heartbeat", "event.channelUpdated", "getChannel", "server.pong"}; !slices.Equal(c.Seen(), want) {
		t.Errorf("seen %v, want %v", c.Seen(), want)
	}
}

func names(of object) []string { return slices.Sorted(maps.Keys(of)) }

// metaSchema is what JSON Schema says of schemas.
func metaSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	standard, err := jsonschema.NewCompiler().Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	return standard
}
