package sql

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"dormouse/persistence/apps"
)

// scan is the present row with its columns' names and raw values. id and key are called so however the table spells
// them: names of columns have no case in MySQL.
func scan(rows *sql.Rows, types []*sql.ColumnType) (apps.Record, error) {
	values, places := make([]any, len(types)), make([]any, len(types))
	for i := range values {
		places[i] = &values[i]
	}
	if err := rows.Scan(places...); err != nil {
		return nil, err
	}
	r := make(apps.Record, len(types))
	for i, t := range types {
		name := t.Name()
		if strings.EqualFold(name, "id") || strings.EqualFold(name, "key") {
			name = strings.ToLower(name)
		}
		r[name] = value(values[i], t.DatabaseTypeName())
	}
	return r, nil
}

// value is a driver's value as records have them: nil, bool, int64, float64, string, []byte where the column is binary,
// and json.Number for whole numbers beyond int64. typ is the column's type, as the driver calls it.
func value(v any, typ string) any {
	switch v := v.(type) {
	case nil, bool, int64:
		return v
	case string:
		if typ == "BPCHAR" { // PostgreSQL's char(n), filled up with spaces that do not count
			return strings.TrimRight(v, " ")
		}
		return v
	case []byte:
		if !binary(typ) {
			return string(v)
		}
		return v
	case float64:
		if typ == "FLOAT4" { // PostgreSQL's real, made longer by the driver
			return shortest(float32(v))
		}
		return v
	case float32:
		return shortest(v)
	case uint64:
		return json.Number(strconv.FormatUint(v, 10))
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

// binary reports that a column's type has bytes, not text. Drivers give bytes for text too.
func binary(typ string) bool {
	return strings.HasSuffix(typ, "BLOB") || strings.HasSuffix(typ, "BINARY") || typ == "BIT" || typ == "BYTEA" || typ == "GEOMETRY"
}

// shortest is the number that f was written as: 0.1, where float64(f) has 0.10000000149011612.
func shortest(f float32) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	if err != nil {
		return float64(f)
	}
	return v
}

// text is the text of a column that names an app: a text, or a whole number.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case json.Number:
		return v.String()
	}
	return ""
}
