package schematest

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"strconv"
	"strings"
)

// An Exchange is one HTTP request and its answer.
type Exchange struct {
	Method string
	Target string // path and query, as they were sent
	Body   []byte
	Status int
	Type   string // the answer's Content-Type
	Answer []byte
}

// A call is one operation of the OpenAPI document.
type call struct {
	method string
	path   []string // segments; those in braces stand for anything
	at     string   // where it is in the document
	of     map[string]any
	shared []any // the path's parameters
}

// callsOf lists the operations of paths.
func callsOf(paths map[string]any) (all []call) {
	for path, item := range paths {
		item := item.(map[string]any)
		shared, _ := item["parameters"].([]any)
		for method, of := range item {
			if of, ok := of.(map[string]any); ok {
				all = append(all, call{
					strings.ToUpper(method), segments(path), "#/paths/" + strings.ReplaceAll(strings.ReplaceAll(path, "~", "~0"), "/", "~1") + "/" + method, of, shared,
				})
			}
		}
	}
	return all
}

func segments(path string) (all []string) {
	for s := range strings.SplitSeq(path, "/") {
		if s != "" {
			all = append(all, s)
		}
	}
	return all
}

// match says whether a path is the call's, and how many of its segments stand for anything.
func (k *call) match(path []string) (names map[string]string, ok bool) {
	if len(path) != len(k.path) {
		return nil, false
	}
	names = map[string]string{}
	for i, s := range k.path {
		if strings.HasPrefix(s, "{") {
			names[strings.Trim(s, "{}")] = path[i]
		} else if s != path[i] {
			return nil, false
		}
	}
	return names, true
}

// Exchange checks an answer, and the request if the server took it. A call that the document does not have must
// be refused.
func (c *Checker) Exchange(x *Exchange) error {
	if x.Method == "HEAD" || x.Method == "OPTIONS" {
		return nil // what every GET has, and what browsers ask for themselves
	}
	path, query, _ := strings.Cut(x.Target, "?")
	var found *call
	var names map[string]string
	for i := range c.calls {
		k := &c.calls[i]
		if k.method != x.Method {
			continue
		}
		if got, ok := k.match(segments(path)); ok && (found == nil || len(got) < len(names)) {
			found, names = k, got
		}
	}
	if found == nil {
		if x.Status < 400 {
			return fmt.Errorf("the document has no %s %s, and the answer is %d", x.Method, path, x.Status)
		}
		return nil
	}
	var errs []error
	say := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s, answered %d: %s: %w", x.Method, path, x.Status, what, err))
		}
	}
	say("the answer", c.answer(found, x))
	if x.Status < 300 {
		say("the request", c.request(found, x, names, query))
		if errs == nil {
			c.saw(found.of["operationId"].(string))
		}
	}
	return errors.Join(errs...)
}

func (c *Checker) answer(k *call, x *Exchange) error {
	at := k.at + "/responses/" + strconv.Itoa(x.Status)
	response := object(k.of, "responses", strconv.Itoa(x.Status))
	if response == nil {
		return errors.New("no such status is described")
	}
	if ref, ok := response["$ref"].(string); ok {
		at, response = ref, c.resolve(ref)
	}
	content := object(response, "content")
	if content == nil {
		if len(x.Answer) > 0 {
			return fmt.Errorf("no body is described, and it is %s", x.Answer)
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(x.Type)
	if err != nil || content[kind] == nil {
		return fmt.Errorf("no content of the type %q is described", x.Type)
	}
	var value any = string(x.Answer)
	if kind == "application/json" {
		if value, err = decode(x.Answer); err != nil {
			return err
		}
	}
	return c.validate(strictOpenAt+at+"/content/"+strings.ReplaceAll(kind, "/", "~1")+"/schema", value)
}

// request checks what was asked: names, query and body.
func (c *Checker) request(k *call, x *Exchange, names map[string]string, query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	described := map[string]bool{"token": true, "connectionId": true, "connectionSecret": true} // see securitySchemes
	own, _ := k.of["parameters"].([]any)
	for _, p := range append(append([]any{}, k.shared...), own...) {
		of := p.(map[string]any)
		if ref, ok := of["$ref"].(string); ok {
			of = c.resolve(ref)
		}
		name := of["name"].(string)
		given := ""
		switch of["in"] {
		case "path":
			if given, err = url.PathUnescape(names[name]); err != nil {
				return err
			}
		case "query":
			described[name] = true
			given = values.Get(name)
			if given == "" && of["required"] != true {
				continue
			}
		default:
			continue
		}
		if err := c.parameter(of["schema"].(map[string]any), given); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	for name := range values {
		if !described[name] {
			return fmt.Errorf("the query has %s, which is not described", name)
		}
	}
	if object(k.of, "requestBody") == nil {
		return nil
	}
	body := x.Body
	if len(strings.TrimSpace(string(body))) == 0 {
		body = []byte("{}")
	}
	value, err := decode(body)
	if err != nil {
		return err
	}
	if members, ok := value.(map[string]any); ok {
		withoutNulls(members)
	}
	if err := c.validate(openAt+k.at+"/requestBody/content/application~1json/schema", value); err != nil {
		return fmt.Errorf("the body %s: %w", body, err)
	}
	return nil
}

// parameter checks a text as a parameter's schema wants it.
func (c *Checker) parameter(schema map[string]any, given string) error {
	var value any = given
	if schema["type"] == "integer" || schema["type"] == "boolean" {
		var err error
		if value, err = decode([]byte(given)); err != nil {
			return err
		}
	}
	if ref, ok := schema["$ref"].(string); ok {
		return c.validate(openAt+ref, value)
	}
	// It stands in a parameter, which has no address that is easy to name: it is its own document.
	at := "mem://parameter/" + url.PathEscape(text(schema)) + ".json"
	c.mu.Lock()
	if c.schemas[at] == nil {
		if err := c.compiler.AddResource(at, schema); err != nil {
			c.mu.Unlock()
			return err
		}
	}
	c.mu.Unlock()
	return c.validate(at, value)
}

// resolve follows a reference within the OpenAPI document.
func (c *Checker) resolve(ref string) map[string]any {
	return object(c.open, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}
