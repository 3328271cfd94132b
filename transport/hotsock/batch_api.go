package hotsock

import (
	"net/http"

	"dormouse/actors"
	"dormouse/actors/channel"
)

var batchForm = form{
	names:       []string{"messages"},
	memberKinds: memberKinds{arrays: []int{0}},
}

// batchElements is how many values a batch may have in all; each message has the bound of its own besides.
const batchElements = 16 * maxElements

// publishBatch serves POST /publish/batch, {"messages":[…]}: up to maxBatch messages as /publish takes them,
// each judged by itself. results has what became of each, in their order. Messages to one channel arrive in
// the order of the list; those to different channels do not wait for each other.
//
// It is this server's own; Hotsock has no such call.
func (h *Handler) publishBatch(c *call) error {
	data, err := readAll(c, h.o.MaxBatchBody)
	if err != nil {
		return err
	}
	b := &body{batchForm.names, make([]value, 1)}
	if err := scanBatch(data, b); err != nil {
		return err
	}
	if b.values[0].isNull() {
		return channel.ErrInvalidMessage.With("messages is required: it must be an array.")
	}
	messages := b.values[0].elements()
	from := h.origin(c, channel.TriggerServerHTTP)
	publications := make([]*publication, len(messages))
	refused := make([]error, len(messages))
	var items []actors.Publication
	for i := range messages {
		one, err := publishForm.parse(messages[i].raw)
		if err == nil {
			publications[i], err = h.publication(c, one, from)
		}
		if refused[i] = err; err == nil {
			items = publications[i].items(items)
		}
	}
	if len(messages) > maxBatch || len(items) > maxBatch {
		return channel.ErrInvalidMessage.With("A batch has at most %d messages, counted once for each channel.", maxBatch)
	}
	var outcomes []actors.Outcome
	if len(items) > 0 { // or it is all refused, and nothing happens
		settle, err := h.spend(c)
		if err != nil {
			return err
		}
		outcomes = h.o.engine.PublishBatch(c.ctx, h.o.App, items)
		settle(errorsOf(outcomes)...)
	}
	answer := []byte(`{"results":[`)
	for i, p := range publications {
		if i > 0 {
			answer = append(answer, ',')
		}
		if p == nil {
			answer = h.appendRefused(c, answer, refused[i])
			continue
		}
		n := len(p.channels)
		answer = h.appendPublication(c, answer, p, outcomes[:n])
		outcomes = outcomes[n:]
	}
	return c.answer(http.StatusOK, append(answer, `]}`...))
}

func errorsOf(outcomes []actors.Outcome) []error {
	errs := make([]error, len(outcomes))
	for i := range outcomes {
		errs[i] = outcomes[i].Err
	}
	return errs
}

// scanBatch reads a batch's outermost object.
func scanBatch(data []byte, b *body) error {
	s := scanner{data: data, elements: maxElements - batchElements}
	if !s.object(b.names, b.values) {
		return channel.ErrInvalidMessage.With("The body is not a JSON object that can be read: %v.", &syntaxError{s.at, s.why})
	}
	return b.check(batchForm.memberKinds)
}

// appendPublication writes what became of a publication, for each of its channels.
func (h *Handler) appendPublication(c *call, dst []byte, p *publication, outcomes []actors.Outcome) []byte {
	if p.many {
		dst = append(appendString(append(dst, `{"event":`...), p.event), `,"results":[`...)
	}
	for i, o := range outcomes {
		if i > 0 {
			dst = append(dst, ',')
		}
		if o.Err != nil {
			dst = h.appendRefused(c, dst, o.Err)
		} else {
			dst = appendAccepted(dst, p.channels[i], p.event, p.id(o), p.schedule(o))
		}
	}
	if p.many {
		dst = append(dst, `]}`...)
	}
	return dst
}

// appendRefused writes why one of several was refused.
func (h *Handler) appendRefused(c *call, dst []byte, err error) []byte {
	return append(appendRefusal(append(dst, `{"error":`...), h.refusal(c.r, "publish batch", err)), '}')
}
