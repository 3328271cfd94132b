package apps

import (
	"context"
	"errors"
	"iter"
)

// Record is one app as a source has it, by whatever names the source uses: nothing is decoded, and names
// that nobody knows do no harm.
//
// Values are nil, string, []byte, bool, int64, float64, [json.Number], []any and map[string]any; other
// kinds of numbers are read as well. It matters which of them a value is: text is string, what the table calls
// binary is []byte, and a number of which only the digits are known is json.Number. A Record is not changed once
// it is handed over.
type Record map[string]any

// ErrNoRecord says that the source answered, and has no such app.
var ErrNoRecord = errors.New("no such record")

// Source is where records are kept.
//
// Both lookups compare byte by byte, whatever the table's own comparison is: a record whose id or key
// is not exactly what was asked for is not found. If several records have one key, the one with the smallest
// id, by its bytes, is returned, and the source logs an error. Which attribute holds the id or the key
// is the source's own knowledge.
//
// Every error other than ErrNoRecord means that the source could not answer, and never that there is no
// such app. A lookup ends soon after ctx does. Methods are safe for concurrent use; appstest.Run is the proof
// of all this.
type Source interface {
	// ByID returns the record with this id. Errors: ErrNoRecord, or an outage.
	ByID(ctx context.Context, id string) (Record, error)
	// ByKey returns the record that has this key. Errors: ErrNoRecord, or an outage.
	ByKey(ctx context.Context, key string) (Record, error)
	// Close lets go of connections. Lookups after it are outages.
	Close() error
}

// Lister is a Source that can list all that it has, for people at a command line: a server never does.
type Lister interface {
	Source

	// List yields every record that a lookup by id can find, once, and reads on as they are taken. The order is
	// the source's.
	//
	// An error is the last thing that it yields, with a nil Record. It is an outage, or names the right that is
	// missing: a source may need one for this that lookups do without. Nothing but ctx limits its time.
	List(ctx context.Context) iter.Seq2[Record, error]
}
