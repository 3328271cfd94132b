package persistence

import (
	"fmt"
	"log/slog"
	"strconv"
)

// Address names one durable actor. App and Kind are not empty; beyond that any bytes are legal in
// every part, since keys carry lengths and nothing is escaped.
type Address struct {
	App, Kind, Name string
}

// String is for people: app/kind/name, each part quoted if it holds anything but plain characters.
// Two addresses may not be told apart by it, so it must never become a key.
func (a Address) String() string {
	return plain(a.App) + "/" + plain(a.Kind) + "/" + plain(a.Name)
}

// LogValue implements slog.LogValuer.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.String()) }

func (a Address) validate() error {
	if a.App == "" || a.Kind == "" {
		return fmt.Errorf("%w: address %v without an app or a kind", ErrInvalid, a)
	}
	if len(a.App) > maxName || len(a.Kind) > maxName || len(a.Name) > maxName {
		return fmt.Errorf("%w: a part of an address is longer than %d bytes", ErrInvalid, maxName)
	}
	return nil
}

// maxName bounds each part of an address, so that no name can make an index block of its own.
const maxName = 4 << 10

func plain(s string) string {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '/' {
			return strconv.Quote(s)
		}
	}
	return s
}

// Durability says what "done" means for a commit.
type Durability uint8

const (
	// Sync: done means on disk, whatever happens to process or power next. The default.
	Sync Durability = iota
	// Async: done means in the log's buffer; on disk within Options.AsyncInterval. A crash in between
	// takes back what others may have seen.
	Async
	// None: done at once. Written with whatever commit comes next to pass, and never waited for.
	None
)

var durabilities = [...]string{Sync: "sync", Async: "async", None: "none"}

// ParseDurability reads the words sync, async and none; the empty word is sync.
func ParseDurability(s string) (Durability, error) {
	if s == "" {
		return Sync, nil
	}
	for d, word := range durabilities {
		if s == word {
			return Durability(d), nil
		}
	}
	return 0, fmt.Errorf("%w: durability %q is none of sync, async, none", ErrInvalid, s)
}

// String is the word that ParseDurability reads.
func (d Durability) String() string {
	if int(d) < len(durabilities) {
		return durabilities[d]
	}
	return "durability(" + strconv.Itoa(int(d)) + ")"
}
