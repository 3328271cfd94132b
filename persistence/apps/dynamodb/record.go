package dynamodb

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"dormouse/persistence/apps"
)

// record is an item with its attributes' names and raw values.
func record(item map[string]types.AttributeValue) apps.Record {
	r := make(apps.Record, len(item))
	for name, v := range item {
		r[name] = value(v)
	}
	return r
}

// value is an attribute's value as records have them: S is a string, N a number in its literal text, B bytes, BOOL a
// bool, NULL nil, a list or set []any, a map map[string]any. DynamoDB nests 32 levels at most.
func value(v types.AttributeValue) any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return json.Number(v.Value)
	case *types.AttributeValueMemberB:
		return v.Value
	case *types.AttributeValueMemberBOOL:
		return v.Value
	case *types.AttributeValueMemberL:
		return list(v.Value, value)
	case *types.AttributeValueMemberM:
		return map[string]any(record(v.Value))
	case *types.AttributeValueMemberSS:
		return list(v.Value, func(s string) any { return s })
	case *types.AttributeValueMemberNS:
		return list(v.Value, func(n string) any { return json.Number(n) })
	case *types.AttributeValueMemberBS:
		return list(v.Value, func(b []byte) any { return b })
	}
	return nil // NULL, and what later versions may add
}

func list[T any](values []T, value func(T) any) []any {
	l := make([]any, len(values))
	for i, v := range values {
		l[i] = value(v)
	}
	return l
}

// text is the value of an S, else empty.
func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
