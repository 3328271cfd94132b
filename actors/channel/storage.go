package channel

import (
	"bytes"
	"cmp"
	"slices"

	"dormouse/claims"
)

// SetStorage writes, replaces or clears the entry under cmd.Key and tells the key's observers, the writer
// too if it is one: KindStorageUpdated, with nil Data when the entry is cleared.
//
// cmd.Data is one compact JSON value; nil, null and {} clear the entry, and clearing nothing does nothing.
// A value equal to the one that is there is told to nobody: it only renews the expiry and the writer.
// Values are equal if they differ in the order of members or the escapes of strings at most; 1 and 1.0 are
// different. cmd.Store counts from s.At.
//
// Errors: ErrDataTooLarge, ErrInvalidStore, or a fault.
// Source: Hotsock docs, Channel Storage, "Writing storage entries".
func (c *Channel) SetStorage(s Step, cmd *SetStorage, fx *Effects) error {
	if err := c.o.checkData(cmd.Data); err != nil {
		return err
	}
	return c.setStorage(s, cmd, author(&cmd.Sender, c.byConnection[cmd.ConnectionID], cmd.Server), fx)
}

// setStorage does what SetStorage says for data that was checked, in the name of by.
func (c *Channel) setStorage(s Step, cmd *SetStorage, by Meta, fx *Effects) error {
	var p preparedSet
	if err := c.prepareSet(s, cmd, &p); err != nil {
		return err
	}
	// From here on nothing fails.
	c.set(s, cmd, by, &p, fx)
	return nil
}

// A preparedSet is what must be known of an entry before it can be set without fail.
type preparedSet struct {
	w       *watcher
	was     []byte // the row's value; nil: there is none
	old     entryRow
	expires int64 // of the new entry
}

// prepareSet does everything about a set that can fail.
func (c *Channel) prepareSet(s Step, cmd *SetStorage, p *preparedSet) (err error) {
	if !isClear(cmd.Data) {
		if p.expires, err = deadline(s.At, cmd.Store); err != nil {
			return err
		}
	}
	if err := c.readReplay(s); err != nil {
		return err
	}
	p.w = c.watcher(cmd.Key)
	if p.was, p.old, err = c.entry(p.w.row); err != nil {
		return err
	}
	if p.expires != 0 {
		return c.readDue()
	}
	return nil
}

// set does a prepared set, and returns the entry's version, zero if there is no entry now.
func (c *Channel) set(s Step, cmd *SetStorage, by Meta, p *preparedSet, fx *Effects) (version uint64) {
	w := p.w
	if p.was != nil && expired(p.old.expires, s.At) {
		c.expire(s, w, &p.old, fx)
		p.was, p.old = nil, entryRow{}
	}
	next := entryRow{version: s.Seq, expires: p.expires, origin: cmd.Sender.origin(&by)}
	next.requestID = "" // no event of an entry has it, and every write of an equal value would differ by it
	if cmd.Emit {
		next.flags |= flagEmit
	}
	if cmd.NotifyExpiry {
		next.flags |= flagNotify
	}
	var changed bool
	if isClear(cmd.Data) {
		changed = c.clearEntry(w, p.was, &p.old, fx)
	} else {
		next.data = cmd.Data
		changed = c.putEntry(w, p.was, &p.old, &next, fx)
		version = next.version
	}
	if !changed {
		return version
	}
	if p.was != nil {
		c.showBefore(w.key(), &p.old, fx)
	}
	m := newMessage(KindStorageUpdated)
	m.Channel, m.Key, m.Data, m.Seq = c.name, w.key(), next.data, s.Seq
	*m.Meta = by
	c.tell(s, m, c.observers(w), nil, fx)
	if cmd.Emit {
		c.emitEntry(w.key(), &next, p.old.data, false, fx)
	}
	return version
}

// entry reads an entry's row: its value, nil if there is none, and what is in it.
func (c *Channel) entry(row string) (value []byte, e entryRow, err error) {
	if value, err = c.rd.Get(row); err == nil && value != nil {
		e, err = decodeEntry(value)
	}
	return value, e, c.fault("read an entry", err)
}

// putEntry writes next in the place of old, whose value is was, nil if there is no entry. It says whether
// the entry has another value now. If not, next has the old one's data and version, and is not even
// written if nothing else changed either.
func (c *Channel) putEntry(w *watcher, was []byte, old, next *entryRow, fx *Effects) (changed bool) {
	equal := was != nil && equalJSON(old.data, next.data)
	if equal {
		next.version, next.data = old.version, old.data
	}
	value := next.encode()
	if equal && bytes.Equal(value, was) {
		return false
	}
	next.data = value[len(value)-len(next.data):]
	fx.put(w.row, value)
	if next.expires != old.expires {
		c.dropTimer(w, old, fx)
		if next.expires != 0 {
			fx.put(timerKey(next.expires, timerEntry, w.key()), nil)
			c.wakeAt(next.expires, fx)
		}
	}
	return !equal
}

// clearEntry removes the entry old, if there is one, and says whether there was.
func (c *Channel) clearEntry(w *watcher, was []byte, old *entryRow, fx *Effects) (changed bool) {
	if was == nil {
		return false
	}
	fx.delete(w.row)
	c.dropTimer(w, old, fx)
	return true
}

func (c *Channel) dropTimer(w *watcher, old *entryRow, fx *Effects) {
	if old.expires != 0 {
		fx.delete(timerKey(old.expires, timerEntry, w.key()))
	}
}

// GetStorage reads one entry, for the asker alone. An entry that is not there, or has expired, answers with
// nil Data and nil Meta.
//
// Errors: a fault.
// Source: Hotsock docs, Channel Storage, "Getting storage entries".
func (c *Channel) GetStorage(s Step, cmd *GetStorage, fx *Effects) error {
	value, e, err := c.entry(tableEntries + cmd.Key)
	if err != nil {
		return err
	}
	answer := Entry{Key: cmd.Key}
	if value != nil && !expired(e.expires, s.At) {
		answer = e.entry(cmd.Key)
	}
	if cmd.Sink == nil {
		fx.Result = &answer
		return nil
	}
	fx.answer(&Message{
		Kind:    KindStorageData,
		Channel: c.name,
		Key:     cmd.Key,
		Data:    answer.Data,
		Meta:    answer.Meta,
		Seq:     answer.Version,
	}, cmd.Sink)
	fx.Deliveries[len(fx.Deliveries)-1].Numbered = cmd.Version
	return nil
}

// ListStorage reads a page of entries in byte order of their keys, or a part of one, see [ListStorage.Visit].
//
// Errors: a fault.
// Source: Hotsock docs, Client HTTP API, channelStorageList.
func (c *Channel) ListStorage(s Step, cmd *ListStorage, fx *Effects) error {
	page := &Entries{Items: cmd.begun}
	size := 0
	for i := range page.Items {
		size += len(page.Items[i].Data)
	}
	visited, last := 0, ""
	var bad error
	add := func(row string, value []byte) bool {
		key := row[len(tableEntries):]
		if visited++; cmd.Visit > 0 && visited > cmd.Visit {
			rest := *cmd
			rest.After, rest.begun = last, page.Items
			page.Rest = &rest
			return false
		}
		last = key
		if cmd.Allow != nil && !cmd.Allow(key) {
			return true
		}
		e, err := decodeEntry(value)
		if err != nil {
			bad = err
			return false
		}
		if expired(e.expires, s.At) {
			return true
		}
		if full(len(page.Items), cmd.Limit, size+len(e.data), cmd.Bytes) {
			page.More = true
			return false
		}
		size += len(e.data)
		page.Items = append(page.Items, e.entry(key))
		return true
	}
	err := c.scanEntries(cmd, add)
	if err = cmp.Or(err, bad); err != nil {
		return c.fault("list the entries", err)
	}
	fx.Result = page
	return nil
}

// scanEntries visits the rows that cmd asks for: those of its keys, or all.
func (c *Channel) scanEntries(cmd *ListStorage, visit func(row string, value []byte) bool) error {
	if cmd.Keys == nil {
		within := cmd.Within
		if within == nil {
			within = []claims.KeyRange{{}}
		}
		return c.scanKeys(within, cmd.After, visit)
	}
	for _, key := range slices.Compact(slices.Sorted(slices.Values(cmd.Keys))) {
		if cmd.After != "" && key <= cmd.After {
			continue
		}
		value, err := c.rd.Get(tableEntries + key)
		if err != nil {
			return err
		}
		if value != nil && !visit(tableEntries+key, value) {
			return nil
		}
	}
	return nil
}

// scanKeys visits the entries' rows within ranges that are in order, of keys after one if it is not empty.
func (c *Channel) scanKeys(ranges []claims.KeyRange, after string, visit func(row string, value []byte) bool) error {
	more := true
	for _, r := range ranges {
		if r.One() {
			if after != "" && r.From <= after {
				continue
			}
			row := tableEntries + r.From
			value, err := c.rd.Get(row)
			if err != nil {
				return err
			}
			more = value == nil || visit(row, value)
		} else {
			from, to := tableEntries+r.From, ""
			if after != "" {
				from = max(from, tableEntries+after+"\x00")
			}
			if r.To != "" {
				if to = tableEntries + r.To; to <= from {
					continue
				}
			}
			err := c.rd.Scan(from, to, false, func(row string, value []byte) bool {
				more = visit(row, value)
				return more
			})
			if err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
	return nil
}

// full says whether a page of n items takes no further one, which would make it size bytes long. There is
// always room for one.
func full(n, limit, size, bytes int) bool {
	return n > 0 && (n >= limit || bytes > 0 && size > bytes)
}

func (e *entryRow) entry(key string) Entry {
	return Entry{
		Key:       key,
		Data:      e.data,
		Meta:      &Meta{UID: e.uid, UMD: e.umd},
		ExpiresAt: unixMilli(e.expires),
		Version:   e.version,
	}
}
