package hotsock

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"dormouse/transport/schema"
)

// described are the schemas of a document.
func described(t *testing.T, document []byte) map[string]describedSchema {
	t.Helper()
	var doc struct {
		Components struct{ Schemas map[string]describedSchema }
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Components.Schemas
}

type describedSchema struct {
	Ref        string `json:"$ref"`
	Type       any
	Enum       []any
	Const      any
	Required   []string
	Properties map[string]describedSchema
}

// A body's schema has the members of the call's form, of the form's kinds, and what the form requires.
func TestFormsAreDescribed(t *testing.T) {
	schemas := described(t, schema.OpenAPI())
	forms := map[string]*form{"Publish": &publishForm, "Batch": &batchForm, "Revoke": &revokeForm}
	for i, name := range []string{"ListMessages", "ListReactions", "ClientPublish", "ClientEntry", "ClientSet", "ClientEntries", "ClientInfo", "ClientUMD"} {
		forms[name] = []*form{&listForm, &reactionsForm, &clientPublishForm, &entryForm, &setForm, &entriesForm, &infoForm, &umdForm}[i]
	}
	for name, f := range forms {
		of := schemas[name]
		members := slices.Sorted(slices.Values(f.names))
		if got := slices.Sorted(maps.Keys(of.Properties)); !slices.Equal(got, members) {
			t.Errorf("%s has the members %v, and the form %v", name, got, members)
		}
		var required []string
		for _, i := range f.required {
			required = append(required, f.names[i])
		}
		if name == "Batch" {
			required = []string{"messages"} // which no form can say of an array
		}
		if !slices.Equal(slices.Sorted(slices.Values(of.Required)), slices.Sorted(slices.Values(required))) {
			t.Errorf("%s requires %v, and the form %v", name, of.Required, required)
		}
		for group, kind := range map[string][]int{"string": f.texts, "boolean": f.booleans, "integer": f.numbers, "array": f.arrays} {
			for _, i := range kind {
				if property, ok := of.Properties[f.names[i]]; ok && !isType(schemas, property, group) {
					t.Errorf("%s.%s is not described as %s", name, f.names[i], group)
				}
			}
		}
	}
}

func isType(schemas map[string]describedSchema, of describedSchema, kind string) bool {
	if name, ok := strings.CutPrefix(of.Ref, "#/components/schemas/"); ok {
		of = schemas[name]
	}
	types, _ := of.Type.([]any)
	return of.Type == any(kind) || slices.Contains(types, any(kind))
}

// The client's frames have all members that the decoder knows, and no others.
func TestFrameMembersAreDescribed(t *testing.T) {
	members := map[string]bool{}
	for name, of := range described(t, schema.AsyncAPI()) {
		if !strings.HasSuffix(name, "Frame") || !slices.ContainsFunc(clientEventNames[:], func(event string) bool {
			return of.Properties["event"].Const == any(event)
		}) || name == "PongFrame" {
			continue
		}
		for member := range of.Properties {
			members[member] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(members)), slices.Sorted(slices.Values(frameNames)); !slices.Equal(got, want) {
		t.Errorf("described are %v, known are %v", got, want)
	}
	schemas := described(t, schema.AsyncAPI())
	if got, want := slices.Sorted(maps.Keys(schemas["Write"].Properties)), slices.Sorted(slices.Values(writeNames)); !slices.Equal(got, want) {
		t.Errorf("of a write, described are %v, known are %v", got, want)
	}
}
