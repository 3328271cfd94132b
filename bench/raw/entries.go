package main

import (
	"bytes"
	"slices"
	"sync"
)

// A role is what a client is for. Whoever has none of these says something to the subscribers.
type role string

const (
	subscribes role = "subscribe"
	both       role = "both" // says something, and hears everything
	fills      role = "fill" // what it says is kept for those who get
	gets       role = "get"  // sends keys, and is answered with the entries
)

// take does with a message what the client is for. The bytes are valid during the call.
func (c *client) take(message []byte) {
	switch c.role {
	case gets:
		_ = c.socket.WriteString(c.channel.entries.get(bytes.Trim(message, `"`))) // whoever is gone needs no answer
		return
	case fills:
		c.channel.entries.put(message)
	}
	c.send.take(c, slices.Clone(message))
}

// entries are ready answers, by key.
type entries struct {
	mu    sync.RWMutex
	byKey map[string]string
}

var (
	keyHead     = []byte(`"key":"`)
	updatedHead = []byte(`{"event":"hotsock.channelStorageUpdated"`)
)

const dataHead = `{"event":"hotsock.channelStorageData"`

// put keeps an update as the answer to its key.
func (e *entries) put(update []byte) {
	rest, ok := bytes.CutPrefix(update, updatedHead)
	at := bytes.Index(rest, keyHead)
	if !ok || at < 0 {
		return
	}
	key, _, _ := bytes.Cut(rest[at+len(keyHead):], []byte{'"'})
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.byKey == nil {
		e.byKey = map[string]string{}
	}
	e.byKey[string(key)] = dataHead + string(rest)
}

func (e *entries) get(key []byte) string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.byKey[string(key)]
}
