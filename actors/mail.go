package actors

import (
	"sync"

	"dormouse/actors/channel"
)

// A mail is what a tenant says to its guests outside channels: who is signed in, who has come and gone, and what is sent
// to a user. It is put in in the order in which it happened, under the tenant's lock, and taken out by one goroutine at a
// time without that lock: a sink that is told something may end its connection at once, which wants the lock.
type mail struct {
	waits sync.Mutex
	queue []letter
	taken bool // somebody delivers
}

// A letter is one message and who reads it.
type letter struct {
	message *channel.Message // nil: there is none
	to      []channel.Sink
	bulk    bool
	done    channel.Sink // whose command that was; nil: nobody's
}

// post puts a letter in.
func (m *mail) post(l letter) {
	m.waits.Lock()
	defer m.waits.Unlock()
	m.queue = append(m.queue, l)
}

// deliver takes out what is in, unless somebody does already.
func (m *mail) deliver() {
	for queue := m.take(); len(queue) > 0; queue = m.take() {
		m.hand(queue)
	}
}

func (m *mail) take() []letter {
	m.waits.Lock()
	defer m.waits.Unlock()
	if m.taken {
		return nil
	}
	queue := m.queue
	m.queue, m.taken = nil, len(queue) > 0
	return queue
}

// hand gives letters to their readers. A panic costs those that are left and no other.
func (m *mail) hand(queue []letter) {
	defer func() {
		m.waits.Lock()
		defer m.waits.Unlock()
		m.taken = false
	}()
	for i := range queue {
		queue[i].leave()
	}
}

// leave encodes the message once for each codec among its readers.
func (l *letter) leave() {
	if l.message != nil {
		var frames [channel.MaxCodecs][]byte
		var encoded [channel.MaxCodecs]bool
		for _, sink := range l.to {
			codec := sink.Codec()
			id := codec.ID()
			if !encoded[id] {
				frames[id], encoded[id] = codec.Append(nil, l.message), true
			}
			if len(frames[id]) > 0 {
				sink.Deliver(frames[id], l.bulk)
			}
		}
	}
	if l.done != nil {
		l.done.Complete(1)
	}
}

// sinks returns those of a crowd.
func (c crowd) sinks() []channel.Sink {
	list := make([]channel.Sink, 0, len(c))
	for g := range c {
		list = append(list, g.sink)
	}
	return list
}
