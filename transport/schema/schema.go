package schema

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed parts/*.yaml
var files embed.FS

// OpenAPI returns the OpenAPI document, JSON that is not to be changed. It is made when it is first asked for.
func OpenAPI() []byte { return openAPI() }

// AsyncAPI returns the AsyncAPI document, likewise.
func AsyncAPI() []byte { return asyncAPI() }

var (
	openAPI  = sync.OnceValue(func() []byte { return readParts().openAPI() })
	asyncAPI = sync.OnceValue(func() []byte { return readParts().asyncAPI() })
)

// An object is a JSON object whose members have an order.
type object = yaml.MapSlice

// get returns a member, an empty object if it is not there or is none.
func get(o object, name string) object {
	for _, m := range o {
		if m.Key == name {
			of, _ := m.Value.(object)
			return of
		}
	}
	return nil
}

func member(name string, value any) yaml.MapItem { return yaml.MapItem{Key: name, Value: value} }

// with returns o with other members behind its own.
func with(o object, more ...yaml.MapItem) object { return append(slices.Clone(o), more...) }

func refTo(kind, name string) object {
	return object{member("$ref", "#/components/"+kind+"/"+name)}
}

// parts is what stands in all files together.
type parts struct{ all object }

func readParts() *parts {
	p := &parts{}
	entries, err := files.ReadDir("parts")
	if err != nil {
		panic(err) // they are in the binary, and tests have read them
	}
	for _, e := range entries {
		text, err := files.ReadFile("parts/" + e.Name())
		if err != nil {
			panic(err)
		}
		var file object
		if err := yaml.UnmarshalWithOptions(text, &file, yaml.UseOrderedMap()); err != nil {
			panic(fmt.Errorf("%s: %w", e.Name(), err))
		}
		for _, m := range file {
			p.add(m)
		}
	}
	p.add(member("schemas", object{member("ErrorCode", p.errorCode())}))
	return p
}

// add adds a member of a file, to what other files have under the same name if they do.
func (p *parts) add(m yaml.MapItem) {
	for i := range p.all {
		if p.all[i].Key == m.Key {
			p.all[i].Value = with(p.all[i].Value.(object), m.Value.(object)...)
			return
		}
	}
	p.all = append(p.all, m)
}

// codes returns the codes of a status, all of them for 0.
func (p *parts) codes(status int) []any {
	var names []any
	for _, m := range p.all {
		if m.Key != "codes" {
			continue
		}
		for _, row := range m.Value.([]any) {
			var name any
			of := 0
			for _, m := range row.(object) {
				switch m.Key {
				case "code":
					name = m.Value
				case "status":
					of, _ = strconv.Atoi(fmt.Sprint(m.Value))
				}
			}
			if status == 0 || of == status {
				names = append(names, name)
			}
		}
	}
	return names
}

func (p *parts) errorCode() object {
	return object{
		member("enum", p.codes(0)),
		member("description", "What programs go by. New ones may come."),
		member("examples", []any{"NOT_SUBSCRIBED"}),
	}
}

func (p *parts) openAPI() []byte {
	paths := object{}
	refusals := map[string]bool{}
	for _, path := range get(p.all, "paths") {
		item := slices.Clone(path.Value.(object))
		for i := range item {
			if of, isObject := item[i].Value.(object); isObject {
				item[i].Value = withRefusals(of, refusals)
			}
		}
		paths = append(paths, member(path.Key.(string), item))
	}
	responses := object{}
	for _, name := range sorted(refusals) {
		status, _ := strconv.Atoi(strings.TrimPrefix(name, "Refused"))
		responses = append(responses, member(name, p.refused(status)))
	}
	doc := slices.Clone(get(p.all, "openapi"))
	components := with(get(doc, "components"), member("parameters", get(p.all, "parameters")), member("responses", responses))
	components = append(components, member("schemas", p.reached(object{member("paths", paths), member("components", components)})))
	doc = slices.DeleteFunc(doc, func(m yaml.MapItem) bool { return m.Key == "components" })
	return encode(with(doc, member("paths", paths), member("components", components)))
}

// withRefusals makes responses of a call's x-refusals, and notes which there are.
func withRefusals(call object, seen map[string]bool) object {
	done := object{}
	var statuses []any
	for _, m := range call {
		if m.Key == "x-refusals" {
			statuses = m.Value.([]any)
		} else {
			done = append(done, m)
		}
	}
	for i := range done {
		if done[i].Key != "responses" {
			continue
		}
		responses := slices.Clone(done[i].Value.(object))
		for _, status := range statuses {
			name := fmt.Sprintf("Refused%v", status)
			seen[name] = true
			responses = append(responses, member(fmt.Sprint(status), refTo("responses", name)))
		}
		done[i].Value = responses
	}
	return done
}

// meanings are what people are told of the statuses of refusals.
var meanings = map[int]string{
	400: "The request is malformed.",
	401: "The credentials are missing or wrong.",
	403: "The credentials are good, but not for this.",
	404: "There is nothing of that name.",
	405: "The path does not take this method.",
	409: "It does not fit what is there.",
	413: "The body or its data is too large.",
	414: "The address is too long.",
	426: "The path takes WebSocket connections only.",
	429: "Too much at once. Retry-After says when to come again.",
	500: "The server is at fault.",
	503: "Come again; Retry-After says when.",
}

// refused is the response to a call that is refused with a status.
func (p *parts) refused(status int) object {
	codes := p.codes(status)
	description := meanings[status] + " The code is one of"
	for i, code := range codes {
		if i > 0 {
			description += ","
		}
		description += fmt.Sprint(" ", code)
	}
	schema := object{
		member("type", "object"),
		member("description", "Why it is refused."),
		member("required", []any{"error"}),
		member("properties", object{member("error", object{
			member("type", "object"),
			member("description", "What is wrong."),
			member("required", []any{"code", "message"}),
			member("properties", object{
				member("code", object{member("enum", codes), member("description", "What programs go by."), member("examples", codes[:1])}),
				member("message", refTo("schemas", "ErrorMessage")),
			}),
			member("examples", []any{object{member("code", codes[0]), member("message", meanings[status])}}),
		})}),
		member("examples", []any{object{member("error", object{member("code", codes[0]), member("message", meanings[status])})}}),
	}
	return object{
		member("description", description+"."),
		member("content", object{member("application/json", object{member("schema", schema)})}),
	}
}

func (p *parts) asyncAPI() []byte {
	messages, operations := object{}, object{}
	channels := map[string]object{}
	operation := func(id, action, channel, summary string, of object) {
		var refs []any
		for _, m := range of {
			channels[channel] = append(channels[channel], member(m.Key.(string), refTo("messages", m.Key.(string))))
			refs = append(refs, object{member("$ref", "#/channels/"+channel+"/messages/"+m.Key.(string))})
		}
		operations = append(operations, member(id, object{
			member("action", action),
			member("channel", object{member("$ref", "#/channels/"+channel)}),
			member("summary", summary),
			member("messages", refs),
		}))
	}
	said, told, happened := p.frames("clientFrames", "client."), p.frames("serverFrames", "server."), p.events()
	messages = with(with(with(messages, said...), told...), happened...)
	operation("hear", "receive", "socket", "What clients say.", said)
	operation("tell", "send", "socket", "What clients are told.", told)
	operation("post", "send", "webhook", "What backends are told by webhook.", happened)
	operation("publish", "send", "nats", "What backends are told by NATS.", happened)
	all := object{}
	for _, m := range get(p.all, "channels") {
		name := m.Key.(string)
		all = append(all, member(name, with(m.Value.(object), member("messages", channels[name]))))
	}
	components := object{member("messages", messages)}
	components = append(components, member("schemas", p.reached(object{member("channels", all), member("components", components)})))
	return encode(with(get(p.all, "asyncapi"), member("channels", all), member("operations", operations), member("components", components)))
}

// frames makes messages of a table of frames.
func (p *parts) frames(table, prefix string) object {
	all := object{}
	for _, m := range get(p.all, table) {
		schema := m.Value.(string)
		all = append(all, member(prefix+strings.TrimPrefix(m.Key.(string), "hotsock."), object{
			member("name", m.Key),
			member("summary", p.description(schema)),
			member("payload", refTo("schemas", schema)),
		}))
	}
	return all
}

// events makes messages of the table of events.
func (p *parts) events() object {
	all := object{}
	for _, m := range get(p.all, "events") {
		var dataType, data string
		for _, of := range m.Value.(object) {
			switch of.Key {
			case "dataType":
				dataType = of.Value.(string)
			case "data":
				data = of.Value.(string)
			}
		}
		constant := func(name string, value string) yaml.MapItem {
			return member(name, object{member("const", value), member("description", "Names the event."), member("examples", []any{value})})
		}
		all = append(all, member("event."+strings.TrimPrefix(m.Key.(string), "hotsock."), object{
			member("name", m.Key),
			member("summary", p.description(data)),
			member("payload", object{
				member("allOf", []any{refTo("schemas", "Event"), object{member("properties", object{
					constant("type", m.Key.(string)), constant("dataType", dataType), member("data", refTo("schemas", data)),
				})}}),
			}),
		}))
	}
	return all
}

func (p *parts) description(schema string) (text string) {
	for _, m := range get(get(p.all, "schemas"), schema) {
		if m.Key == "description" {
			text = m.Value.(string)
		}
	}
	return text
}

// reached returns those of the schemas that something speaks of, by name.
func (p *parts) reached(from any) object {
	const prefix = "#/components/schemas/"
	all := get(p.all, "schemas")
	seen := map[string]bool{}
	var look func(value any)
	look = func(value any) {
		switch value := value.(type) {
		case object:
			for _, m := range value {
				look(m.Value)
			}
		case []any:
			for _, item := range value {
				look(item)
			}
		case string:
			if name, ok := strings.CutPrefix(value, prefix); ok && !seen[name] {
				seen[name] = true
				look(get(all, name))
			}
		}
	}
	look(from)
	schemas := object{}
	for _, name := range sorted(seen) {
		schemas = append(schemas, member(name, get(all, name)))
	}
	return schemas
}
