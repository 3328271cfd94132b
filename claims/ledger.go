package claims

import (
	"errors"
	"time"
)

// ErrSpent says that a single-use token was used before, or is being used at this very moment.
var ErrSpent = errors.New("the token was already used")

// Spend names one use of a single-use token: this id, in this app, worth remembering until Until.
//
// After Until the token is refused for its age anyway, so that the record may go.
type Spend struct {
	App   string    // the app's id, see App
	ID    string    // the token's jti, 1 to 256 bytes
	Until time.Time // the last moment at which a verifier could accept the token
}

// Ledger remembers which single-use tokens were used, across restarts.
//
// A token is spent last, when nothing else can fail, so that a refused attempt never costs the user
// his token. The order is: verify, Reserve, do everything that may refuse, then either Spend
// (the use took place) or Release (it did not). Between Reserve and the end nobody else can use the
// same id. One id allows one use in total, whichever scope it is used for.
//
// Where the deed itself may be refused, and cannot be made durable together with the use, Spend comes before the
// deed, and Refund after a refusal: a crash in between costs the token, and never lets it be used twice.
//
// Implementations are safe for concurrent use.
// Source: Hotsock docs, Claims, "singleUse".
type Ledger interface {
	// Reserve claims s in memory so that nobody else can use it, until Spend makes that durable or
	// Release gives it back. It does not wait for the disk. Of many concurrent calls with one App
	// and ID exactly one returns nil.
	//
	// Errors: ErrSpent if s is reserved or spent; a fault of the store, wrapped.
	Reserve(s Spend) error
	// Release gives back what Reserve took. Releasing what is not reserved, or what is spent
	// already, changes nothing.
	Release(s Spend)
	// Spend makes the use of s durable; when it returns nil, the use survives a crash. The
	// reservation becomes permanent. After an error the reservation stands, and the caller may
	// Release it.
	Spend(s Spend) error
	// Refund takes back a Spend for which nothing was done in the end. When it returns nil, the id can be
	// reserved again, also after a crash. After an error it stays spent.
	Refund(s Spend) error
}
