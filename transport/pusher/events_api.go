package pusher

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// publish sends one event to its channels.
func (h *Handler) publish(c *call) error {
	p, refused := readPublication(c.app, c.body)
	if refused != nil {
		return refused
	}
	if err := h.spend(c, len(p.channels)); err != nil {
		return err
	}
	counts, err := h.send(c, []*publication{p})
	if err != nil {
		return err
	}
	b := []byte(`{"ok":true`)
	if p.info.counts() {
		b = appendCountsByName(append(b, `,"channels":`...), p, counts)
	}
	c.answer(http.StatusOK, append(b, '}'))
	return nil
}

// publishBatch sends several, or none if one of them is refused.
//
// Source: Pusher docs, HTTP API, "POST batch events (trigger multiple events)".
func (h *Handler) publishBatch(c *call) error {
	batch, refused := readBatch(c)
	if refused != nil {
		return refused
	}
	cost, asked := 0, false
	for _, p := range batch {
		cost += len(p.channels)
		asked = asked || p.info.counts()
	}
	if err := h.spend(c, cost); err != nil {
		return err
	}
	counts, err := h.send(c, batch)
	if err != nil {
		return err
	}
	b := []byte(`{"ok":true`)
	if asked {
		b = appendBatchCounts(append(b, `,"batch":`...), batch, counts)
	}
	c.answer(http.StatusOK, append(b, '}'))
	return nil
}

// readBatch reads and checks a batch's entries.
func readBatch(c *call) ([]*publication, *channel.Error) {
	var v [1]value
	if !scanObject(c.body, []string{"batch"}, v[:]) || v[0].kind() != jsontext.KindBeginArray {
		return nil, refuseData.error()
	}
	entries, count, ok := scanArray(v[0].raw, c.app.MaxEventBatchSize)
	switch {
	case !ok:
		return nil, refuseData.error()
	case count > c.app.MaxEventBatchSize:
		return nil, refuseBatchSize.error(strconv.Itoa(c.app.MaxEventBatchSize))
	}
	batch := make([]*publication, len(entries))
	for i, entry := range entries {
		p, refused := readPublication(c.app, entry.raw)
		if refused != nil {
			return nil, refused
		}
		batch[i] = p
	}
	return batch, nil
}

// send hands publications to the engine, in their order, and returns the counts of each of their channels. What is
// for users goes to them; they are no channels, and have no counts.
func (h *Handler) send(c *call, batch []*publication) ([]actors.Counts, error) {
	tenant := h.o.engine.Tenant(c.app.Namespace())
	var counts []actors.Counts
	var waiting []actors.Event // for channels, and not sent yet
	var places []int           // of their counts
	flush := func() error {
		if len(waiting) == 0 {
			return nil
		}
		got, err := tenant.Publish(c.ctx, waiting)
		if err != nil {
			return err
		}
		for i, place := range places {
			counts[place] = got[i]
		}
		waiting, places = nil, nil
		return nil
	}
	for _, p := range batch {
		for _, name := range p.channels {
			e := actors.Event{Channel: name, Name: p.name, Data: p.data, Except: p.except}
			place := len(counts)
			counts = append(counts, actors.Counts{})
			kind := kindOf(name)
			if !kind.user {
				if kind.cached {
					e.CacheFor = h.o.CacheTTL
				}
				waiting, places = append(waiting, e), append(places, place)
				continue
			}
			if err := flush(); err != nil {
				return nil, err
			}
			tenant.SendToUser(name[len(userPrefix):], e)
		}
	}
	return counts, flush()
}

// appendCountsByName writes {"name":{…},…}. A channel that was named twice is there once, as it was at the end.
func appendCountsByName(b []byte, p *publication, counts []actors.Counts) []byte {
	last := make(map[string]int, len(p.channels))
	for i, name := range p.channels {
		last[name] = i
	}
	b = append(b, '{')
	first := true
	for i, name := range p.channels {
		if last[name] != i {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendCounts(append(appendString(b, name), ':'), name, p.info, counts[i])
	}
	return append(b, '}')
}

// appendBatchCounts writes one object for each entry: its channel's counts, or, if it had a list of channels, what
// the answer to that alone would have.
func appendBatchCounts(b []byte, batch []*publication, counts []actors.Counts) []byte {
	b = append(b, '[')
	for i, p := range batch {
		if i > 0 {
			b = append(b, ',')
		}
		n := len(p.channels)
		switch {
		case !p.info.counts():
			b = append(b, `{}`...)
		case p.several:
			b = append(appendCountsByName(append(b, `{"channels":`...), p, counts[:n]), '}')
		default:
			b = appendCounts(b, p.channels[0], p.info, counts[0])
		}
		counts = counts[n:]
	}
	return append(b, ']')
}

// appendCounts writes what was asked for, as far as the channel has it.
func appendCounts(b []byte, name string, i info, n actors.Counts) []byte {
	b = append(b, '{')
	if i.users && hasMembers(name) {
		b = strconv.AppendInt(append(b, `"user_count":`...), int64(n.Members), 10)
	}
	if i.subscriptions && !kindOf(name).user {
		if len(b) > 0 && b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `"subscription_count":`...), int64(n.Subscriptions), 10)
	}
	return append(b, '}')
}

// terminate ends the connections of a user.
//
// Source: Pusher docs, HTTP API, "POST terminate user connections"; scope is this server's own.
func (h *Handler) terminate(c *call) error {
	end, _ := closeOf(refuseTerminated.error())
	h.o.engine.Tenant(c.app.Namespace()).Terminate(c.names[1], c.params.get("scope") == "presence", end)
	c.answer(http.StatusOK, []byte(`{"ok":true}`))
	return nil
}
