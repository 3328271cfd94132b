package hotsock

import (
	"net/http"
	"strconv"
	"time"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// The members of a revocation.
const (
	revokeID = iota
	revokeUID
	revokeUntil
)

var revokeForm = form{
	names:       []string{revokeID: "jti", revokeUID: "uid", revokeUntil: "until"},
	memberKinds: memberKinds{texts: []int{revokeID, revokeUID}, numbers: []int{revokeUntil}},
}

// revocation reads which tokens are meant.
func (h *Handler) revocation(b *body) (r claims.Revocation, err error) {
	r = claims.Revocation{App: h.o.App, ID: b.text(revokeID), UID: b.text(revokeUID)}
	if (r.ID == "") == (r.UID == "") || len(r.ID) > 256 || len(r.UID) > 1024 {
		return r, channel.ErrInvalidMessage.With("Give jti or uid, one of them, not empty.")
	}
	until, err := b.integer(revokeUntil, 0)
	if err == nil && until < 0 {
		err = channel.ErrInvalidMessage.With("until must be a date, in seconds since 1970.")
	}
	if until != 0 {
		r.Until = time.Unix(min(until, 1<<40), 0).UTC()
	}
	return r, err
}

// revoke serves POST /tokens/revoke, {"jti":…} or {"uid":…}: no such token is good for anything from now on,
// and the connections and subscriptions that were made with one end. until, a date as in a token's exp, says
// when the revocation may be forgotten, because they have all expired; without it it is kept. Of a uid, tokens
// with an iat after the revocation are new ones, and good.
func (h *Handler) revoke(c *call) error {
	b, err := h.readForm(c, &revokeForm)
	if err != nil {
		return err
	}
	r, err := h.revocation(b)
	if err != nil {
		return err
	}
	n, err := h.o.engine.Revoke(r)
	if err != nil {
		return err
	}
	h.audit(c, "tokens revoked", "jti", Fingerprint(r.ID), "uid", r.UID, "connections", n)
	return c.answer(http.StatusOK, append(strconv.AppendInt([]byte(`{"connections":`), int64(n), 10), '}'))
}

// listRevoked serves GET /tokens/revoked.
func (h *Handler) listRevoked(c *call) error {
	body := []byte(`{"revoked":[`)
	for i, r := range h.o.engine.Revocations(h.o.App) {
		if i > 0 {
			body = append(body, ',')
		}
		if r.ID != "" {
			body = appendString(append(body, `{"jti":`...), r.ID)
		} else {
			body = appendString(append(body, `{"uid":`...), r.UID)
		}
		body = append(r.At.AppendFormat(append(body, `,"at":"`...), time.RFC3339), '"')
		if !r.Until.IsZero() {
			body = strconv.AppendInt(append(body, `,"until":`...), r.Until.Unix(), 10)
		}
		body = append(body, '}')
	}
	return c.answer(http.StatusOK, append(body, `]}`...))
}

// unrevoke serves DELETE /tokens/revoked?jti= or ?uid=: such tokens are good again, as far as they have not
// expired.
func (h *Handler) unrevoke(c *call) error {
	query := c.r.URL.Query()
	r := claims.Revocation{App: h.o.App, ID: query.Get("jti"), UID: query.Get("uid")}
	if (r.ID == "") == (r.UID == "") {
		return channel.ErrInvalidMessage.With("Give jti or uid, one of them, in the query.")
	}
	if err := h.o.engine.Unrevoke(r); err != nil {
		return err
	}
	h.audit(c, "revocation lifted", "jti", Fingerprint(r.ID), "uid", r.UID)
	return c.done()
}
