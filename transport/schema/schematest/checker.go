package schematest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Checker knows an OpenAPI and an AsyncAPI document. Its methods may be called from any goroutine.
type Checker struct {
	open, async map[string]any // as they are
	calls       []call
	frames      map[string]string // schemas by side and event, such as "client. hotsock.subscribe"

	mu       sync.Mutex // guards what follows
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by where they are
	seen     map[string]bool               // what was checked: operationIds, names of messages
}

// Where the documents are for the compiler. In strict ones, objects have no members besides those that are
// described.
const (
	openAt, strictOpenAt   = "mem://open/doc.json", "mem://open/strict.json"
	asyncAt, strictAsyncAt = "mem://async/doc.json", "mem://async/strict.json"
)

// New reads the documents.
//
// Errors: they are no JSON, or have no paths or messages.
func New(openAPI, asyncAPI []byte) (*Checker, error) {
	c := &Checker{compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, frames: map[string]string{}, seen: map[string]bool{}}
	c.compiler.AssertFormat()
	for _, doc := range []struct {
		text       []byte
		at, strict string
		into       *map[string]any
	}{{openAPI, openAt, strictOpenAt, &c.open}, {asyncAPI, asyncAt, strictAsyncAt, &c.async}} {
		for _, at := range []string{doc.at, doc.strict} {
			value, err := decode(doc.text)
			if err != nil {
				return nil, err
			}
			*doc.into, _ = value.(map[string]any)
			if at == doc.strict {
				tighten(value)
			}
			if err := c.compiler.AddResource(at, value); err != nil {
				return nil, err
			}
		}
	}
	messages := object(c.async, "components", "messages")
	c.calls = callsOf(object(c.open, "paths"))
	if len(c.calls) == 0 || len(messages) == 0 {
		return nil, fmt.Errorf("schematest: the documents have %d calls and %d messages", len(c.calls), len(messages))
	}
	for id, m := range messages {
		side, _, _ := strings.Cut(id, ".")
		c.frames[side+" "+m.(map[string]any)["name"].(string)] = "#/components/messages/" + id + "/payload"
	}
	return c, nil
}

// Seen returns the operationIds of all calls, and the ids of all messages, that went through c so far and that
// the server did not refuse, in order.
func (c *Checker) Seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.seen))
}

// Sent checks a frame that a client sent and the server took.
func (c *Checker) Sent(frame []byte) error { return c.frame("client", "publish", asyncAt, frame) }

// Told checks a frame that the server sent.
func (c *Checker) Told(frame []byte) error { return c.frame("server", "message", strictAsyncAt, frame) }

func (c *Checker) frame(side, other, doc string, frame []byte) error {
	value, err := decode(frame)
	if err != nil {
		return fmt.Errorf("the frame %s: %w", frame, err)
	}
	members, _ := value.(map[string]any)
	name, _ := members["event"].(string)
	at := c.frames[side+" "+name]
	if !strings.HasPrefix(name, "hotsock.") {
		name, at = other, c.frames[side+" "+other]
	}
	if at == "" {
		return fmt.Errorf("no %s of the document has the frame %s", side, frame)
	}
	if side == "client" {
		withoutNulls(members)
	}
	if err := c.validate(doc+at, value); err != nil {
		return fmt.Errorf("the frame %s: %w", frame, err)
	}
	c.saw(side + "." + strings.TrimPrefix(name, "hotsock."))
	return nil
}

// Event checks the envelope of an event that a backend got.
func (c *Checker) Event(body []byte) error {
	value, err := decode(body)
	if err != nil {
		return fmt.Errorf("the event %s: %w", body, err)
	}
	members, _ := value.(map[string]any)
	name, _ := members["type"].(string)
	at := c.frames["event "+name]
	if at == "" {
		return fmt.Errorf("the document has no event %s", body)
	}
	if err := c.validate(strictAsyncAt+at, value); err != nil {
		return fmt.Errorf("the event %s: %w", body, err)
	}
	c.saw("event." + strings.TrimPrefix(name, "hotsock."))
	return nil
}

func (c *Checker) saw(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[what] = true
}

// validate holds a value against the schema at an address.
func (c *Checker) validate(at string, value any) error {
	c.mu.Lock()
	schema := c.schemas[at]
	if schema == nil {
		var err error
		if schema, err = c.compiler.Compile(at); err != nil {
			c.mu.Unlock()
			return err
		}
		c.schemas[at] = schema
	}
	c.mu.Unlock()
	return schema.Validate(value)
}

// decode reads JSON without rounding numbers.
func decode(text []byte) (any, error) { return jsonschema.UnmarshalJSON(bytes.NewReader(text)) }

// object returns what is at a path of members, nil if nothing is.
func object(value map[string]any, path ...string) map[string]any {
	for _, name := range path {
		value, _ = value[name].(map[string]any)
	}
	return value
}

// tighten closes every object of a document's schemas that has properties and does not say what else it may
// have, but for those that stand beside others in an allOf.
func tighten(value any) {
	switch value := value.(type) {
	case map[string]any:
		if _, says := value["additionalProperties"]; !says && value["properties"] != nil && (value["type"] != nil) {
			value["additionalProperties"] = false
		}
		for _, v := range value {
			tighten(v)
		}
	case []any:
		for _, v := range value {
			tighten(v)
		}
	}
}

// withoutNulls removes members that are null: to the server they are as if they were not there. data is a
// value of its own.
func withoutNulls(members map[string]any) {
	for name, value := range members {
		if value == nil && name != "data" {
			delete(members, name)
		}
	}
}

// text writes a value as JSON, for errors.
func text(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
