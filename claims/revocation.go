package claims

import "time"

// A Revocation takes back tokens before they expire: the one with a jti, or all those of a uid that were
// made before. Exactly one of ID and UID is set.
//
// It is this server's own; Hotsock has none.
type Revocation struct {
	App string
	ID  string    // a jti, 1 to 256 bytes
	UID string    // a user
	At  time.Time // when it was made: a token of the user with an iat from then on is a new one
	// Until is when it may be forgotten, because every token that it covers has expired. Zero: never.
	Until time.Time
}

// Covers reports whether a token is taken back. A token of the user without iat is: nobody can say when it
// was made.
func (r *Revocation) Covers(c *Claims) bool {
	switch {
	case r.ID != "":
		return c.ID == r.ID
	case r.UID != "":
		return c.UID == r.UID && (c.IssuedAt.IsZero() || c.IssuedAt.Before(r.At))
	}
	return false
}
