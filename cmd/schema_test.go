package cmd

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"dormouse/transport/schema"
)

// The OpenAPI document has the calls of the admin listener, and says that they are not where the others are.
func TestAdminCallsAreDescribed(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(schema.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, item := range doc.Paths {
		for method := range item {
			if item["servers"] != nil && method != "servers" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(described)
	if there := slices.Sorted(maps.Keys(new(admin).routes(nil))); !slices.Equal(described, there) {
		t.Errorf("described are %v, there are %v", described, there)
	}
}
