package hotsock

import (
	"bytes"
	"io"
	"net/http"
	"strconv"

	"dormouse/actors/channel"
)

// A body is one HTTP call's JSON object, read as scanObject reads frames. Its members are asked for by their
// place in names; those that are null are as if they were not there.
type body struct {
	names  []string
	values []value
}

// readBody reads a call's body. An empty one is {}. The Content-Type is ignored: browsers send text/plain
// where that spares them a preflight.
//
// Errors: INVALID_MESSAGE, *http.MaxBytesError, or those of the reading.
func (h *Handler) readBody(c *call, names []string) (*body, error) {
	data, err := readAll(c, h.o.MaxBody)
	if err != nil {
		return nil, err
	}
	b := &body{names, make([]value, len(names))}
	if err := scanObject(data, names, b.values); err != nil {
		return nil, channel.ErrInvalidMessage.With("The body is not a JSON object that can be read: %v.", err)
	}
	return b, nil
}

// readAll reads a body of at most limit bytes. An empty one is {}.
func readAll(c *call, limit int) ([]byte, error) {
	data, err := readRaw(c, limit)
	return orObject(data), err
}

// readRaw reads a body of at most limit bytes, as it is.
func readRaw(c *call, limit int) ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, int64(limit)))
	if err != nil {
		return nil, readFault(err)
	}
	return data, nil
}

// orObject is {} for a body in which nothing stands.
func orObject(data []byte) []byte {
	if len(bytes.TrimSpace(data)) == 0 {
		return []byte("{}")
	}
	return data
}

// readFault tells a body that is too large from one that did not come: then the client is at fault, or
// gone, and our log need not know.
func readFault(err error) error {
	if refused := refusalOf(err); refused != nil {
		return refused
	}
	return channel.ErrInvalidMessage.With("The body could not be read to its end.")
}

// memberKinds says which members of a body must be of which kind; data may be of any.
type memberKinds struct {
	texts, booleans, numbers, arrays []int
}

// check names every member of a wrong kind.
func (b *body) check(k memberKinds) error {
	var faults []byte
	for _, group := range []struct {
		members []int
		want    kind
	}{{k.texts, text}, {k.booleans, boolean}, {k.numbers, number}, {k.arrays, array}} {
		faults = appendKindFaults(faults, b.names, b.values, group.members, group.want)
	}
	if faults != nil {
		return channel.ErrInvalidMessage.With("%s.", faults)
	}
	return nil
}

// need refuses a body without one of these members, which are strings.
func (b *body) need(members ...int) error {
	for _, i := range members {
		if b.values[i].isNull() {
			return channel.ErrInvalidMessage.With("%s is required: it must be a string.", b.names[i])
		}
	}
	return nil
}

// text returns a string, "" if it is not there.
func (b *body) text(i int) string { return b.values[i].text() }

// isTrue returns a boolean, false if it is not there.
func (b *body) isTrue(i int) bool { return b.values[i].isTrue() }

// integer returns a whole number, def if it is not there. Numbers beyond an int64 become the nearest.
func (b *body) integer(i int, def int64) (int64, error) {
	v := &b.values[i]
	if v.isNull() {
		return def, nil
	}
	if bytes.ContainsAny(v.raw, ".eE") {
		return 0, channel.ErrInvalidMessage.With("%s must be a whole number.", b.names[i])
	}
	n, _ := strconv.ParseInt(string(v.raw), 10, 64) // out of range: the nearest
	return n, nil
}
