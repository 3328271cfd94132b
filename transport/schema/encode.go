package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// encode writes a value of the parts as JSON, its members in their order.
func encode(value any) []byte { return appendJSON(nil, value) }

func appendJSON(b []byte, value any) []byte {
	switch value := value.(type) {
	case object:
		b = append(b, '{')
		for i, m := range value {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSON(b, m.Key), ':')
			b = appendJSON(b, m.Value)
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, item := range value {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Errorf("schema: %v: %w", value, err)) // YAML has nothing else that JSON has not
	}
	return append(b, text...)
}
