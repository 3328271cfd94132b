package persistence

import (
	"fmt"
	"time"
)

// Op says what a Write does.
type Op uint8

const (
	// Put sets the row Key of the actor to Value.
	Put Op = iota + 1
	// Delete removes the row Key of the actor, if there is one.
	Delete
	// Spend notes the single-use id Key of App until Until; see Store.Ledger.
	Spend
	// Emit appends one event of App to the outbox: Key is its ordering key (the channel), Value its
	// body. Events with the same App and Key leave in the order of their commits.
	Emit
	// ListOp sets the listing of App under Key to Value, and UnlistOp removes it; see Store.Listing.
	ListOp
	UnlistOp
)

// A Write is one change, as plain data. The store keeps Value and hands it out again: nobody may change
// its bytes after it was given away.
type Write struct {
	Op    Op
	Key   string
	Value []byte
	Until time.Time // Spend only
	App   string    // not of rows
}

// PutRow sets a row. key is not empty, and its first byte is its table: below Direct it is logged, from
// Direct on it is written to its place at once; see the package's chapter. A nil value is kept as an
// empty one.
func PutRow(key string, value []byte) Write { return Write{Op: Put, Key: key, Value: value} }

// DeleteRow removes a row, if there is one.
func DeleteRow(key string) Write { return Write{Op: Delete, Key: key} }

// SpendID notes a single-use id of app. It may be forgotten some time after until.
func SpendID(app, id string, until time.Time) Write {
	return Write{Op: Spend, App: app, Key: id, Until: until}
}

// EmitEvent appends an event to the outbox.
func EmitEvent(app, orderingKey string, body []byte) Write {
	return Write{Op: Emit, App: app, Key: orderingKey, Value: body}
}

// List sets a listing of app: key is not empty, and a nil value is kept as an empty one.
func List(app, key string, value []byte) Write {
	return Write{Op: ListOp, App: app, Key: key, Value: value}
}

// Unlist removes a listing, if there is one.
func Unlist(app, key string) Write { return Write{Op: UnlistOp, App: app, Key: key} }

// Direct is the first table whose rows never pass through the write-ahead log: keys from here on are for
// rows that are big or only ever appended (messages by ULID, pages of a database).
const Direct = 0x80

func isDirect(key string) bool { return key[0] >= Direct }

// Size is what the write counts for in the bounds on bytes.
func (w Write) Size() int { return len(w.Key) + len(w.Value) + len(w.App) }

// maxKey bounds a row's key; Pebble copies keys into every index block above them.
const maxKey = 16 << 10

func (w Write) validate(rows bool) error {
	switch w.Op {
	case Put, Delete:
		switch {
		case !rows:
			return fmt.Errorf("%w: a row written without an actor", ErrInvalid)
		case w.Key == "":
			return fmt.Errorf("%w: a row without a key", ErrInvalid)
		case len(w.Key) > maxKey:
			return fmt.Errorf("%w: a row's key of %d bytes is longer than %d", ErrInvalid, len(w.Key), maxKey)
		}
	case Spend:
		if w.App == "" || w.Key == "" || len(w.App) > maxName || len(w.Key) > maxKey {
			return fmt.Errorf("%w: a spent id needs an app and an id of sane length", ErrInvalid)
		}
	case Emit:
		if w.App == "" || len(w.App) > maxName || len(w.Key) > maxKey {
			return fmt.Errorf("%w: an event needs an app and an ordering key of sane length", ErrInvalid)
		}
	case ListOp, UnlistOp:
		if w.App == "" || w.Key == "" || len(w.App) > maxName || len(w.Key) > maxKey {
			return fmt.Errorf("%w: a listing needs an app and a key of sane length", ErrInvalid)
		}
	default:
		return fmt.Errorf("%w: write with op %d", ErrInvalid, w.Op)
	}
	return nil
}
