package hotsock

import "dormouse/actors/channel"

// A form is what a call's body is made of: the names of its members, what they must be, and which of them
// must be there. Members that no form names are ignored.
type form struct {
	names []string
	memberKinds
	required []int // strings
}

// readForm reads a call's body and names everything that is wrong with its members.
//
// Errors: INVALID_MESSAGE, BODY_TOO_LARGE, or those of the reading.
func (h *Handler) readForm(c *call, f *form) (*body, error) {
	b, err := h.readBody(c, f.names)
	if err != nil {
		return nil, err
	}
	if err := b.check(f.memberKinds); err != nil {
		return nil, err
	}
	return b, b.need(f.required...)
}

// parse is readForm of an object that was read already, as part of another.
func (f *form) parse(raw []byte) (*body, error) {
	b := &body{f.names, make([]value, len(f.names))}
	if err := scanObject(raw, f.names, b.values); err != nil {
		return nil, channel.ErrInvalidMessage.With("It is not a JSON object that can be read: %v.", err)
	}
	if err := b.check(f.memberKinds); err != nil {
		return nil, err
	}
	return b, b.need(f.required...)
}

// elements returns the values of an array that was scanned before.
func (v *value) elements() []value {
	if v.kind != array {
		return nil
	}
	var all []value
	s := scanner{data: v.raw, at: 1, elements: -len(v.raw)} // its elements were counted before
	for s.space(); s.peek() != ']'; s.space() {
		var e value
		if !s.value(&e) {
			return all // cannot be: it was scanned
		}
		all = append(all, e)
		if s.space(); s.peek() == ',' {
			s.at++
		}
	}
	return all
}

// texts returns an array of at most limit strings, nil if it is not there.
func (b *body) texts(i, limit int) ([]string, error) {
	v := &b.values[i]
	if v.isNull() {
		return nil, nil
	}
	elements := v.elements()
	if len(elements) > limit {
		return nil, channel.ErrInvalidMessage.With("%s must name at most %d.", b.names[i], limit)
	}
	all := make([]string, len(elements))
	for n := range elements {
		if elements[n].kind != text {
			return nil, channel.ErrInvalidMessage.With("%s must be an array of strings; element %d is %s.", b.names[i], n, elements[n].kind)
		}
		all[n] = elements[n].text()
	}
	return all, nil
}
