package acceptance

import (
	"fmt"
	"slices"
	"sync"
)

// A ledger is what clients did and what they were told, over all lives of a server. Everything in it was
// noted by the client concerned, at once: what the server said, it must keep to.
type ledger struct {
	mu       sync.Mutex
	faults   []string
	channels []*channelBook
	streams  []*streamBook
	acks     int // all
	seen     int // values and messages that observers saw
	accepted int // messages answered with 202
}

const maxFaults = 30

// fault notes something that the server promised not to do.
func (l *ledger) fault(format string, args ...any) {
	if len(l.faults) < maxFaults {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

// faultOf is fault for those who do not hold the lock.
func (l *ledger) faultOf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault(format, args...)
}

// A channelBook is a channel whose entries are each written by one writer, who counts.
type channelBook struct {
	name    string
	entries []*entryBook
	seqs    []uint64 // of the acks of this life
	last    uint64   // the highest seq of an ack of earlier lives
	unknown int      // writes without an ack, of all lives: each may have taken one seq
}

// An entryBook is one entry.
type entryBook struct {
	channel  *channelBook
	key      string
	base     int // the first value of this life
	sent     int // the last value sent
	acked    int // acks of this life
	told     int // the highest value that somebody was told to be there
	before   int // told, when this life began
	toldHow  string
	lastSeq  uint64 // of the writer's last ack
	lastSeqs int    // the value that it was for
}

// A streamBook is a channel of stored messages, published by one publisher, who counts.
type streamBook struct {
	name     string
	next     int
	accepted []int          // answered with 202 and not looked for yet
	seen     map[int]string // id by number: seen by an observer and not looked for yet
	lastID   string         // the last one listed
	lastData int
}

func newLedger(channels, writersEach, streams int) *ledger {
	l := &ledger{}
	for i := range channels {
		c := &channelBook{name: fmt.Sprintf("storage.%d", i)}
		for w := range writersEach {
			c.entries = append(c.entries, &entryBook{channel: c, key: fmt.Sprintf("k%d", w)})
		}
		l.channels = append(l.channels, c)
	}
	for i := range streams {
		l.streams = append(l.streams, &streamBook{name: fmt.Sprintf("messages.%d", i), seen: map[int]string{}, lastData: -1})
	}
	return l
}

// newLife begins to count for a server that has just been started.
func (l *ledger) newLife() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.channels {
		for _, e := range c.entries {
			e.base, e.acked, e.before = e.sent+1, 0, e.told
		}
	}
}

// sends notes that a value is being sent and returns it.
func (l *ledger) sends(e *entryBook) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.sent++
	return e.sent
}

// acked notes an ack.
func (l *ledger) acked(e *entryBook, value int, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acks++
	e.acked++
	e.tell(value, "acknowledged")
	if seq <= e.lastSeq {
		l.fault("%s %s: value %d has seq %d, after %d for value %d", e.channel.name, e.key, value, seq, e.lastSeq, e.lastSeqs)
	}
	e.lastSeq, e.lastSeqs = seq, value
	e.channel.seqs = append(e.channel.seqs, seq)
}

func (e *entryBook) tell(value int, how string) {
	if value > e.told {
		e.told, e.toldHow = value, how
	}
}

// saw notes that an observer saw a value. last is the one that it saw before on this connection, 0 if none:
// the next must be the next one, but for those that a kill took from the writer.
func (l *ledger) saw(e *entryBook, value, last int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen++
	if last != 0 && value != last+1 && !(value == e.base && last < e.base) {
		l.fault("%s %s: an observer sees %d after %d", e.channel.name, e.key, value, last)
	}
	if last == 0 && value < e.before {
		l.fault("lost: %s %s: %d was told, and a new observer's snapshot has %d", e.channel.name, e.key, e.before, value)
	}
	e.tell(value, "seen by an observer")
}

// publishes notes that a message is being published and returns its number.
func (l *ledger) publishes(s *streamBook) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.next++
	return s.next - 1
}

func (l *ledger) tookIn(s *streamBook, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepted++
	s.accepted = append(s.accepted, n)
}

// sawMessage notes that an observer got a message. last is the number of the one before.
func (l *ledger) sawMessage(s *streamBook, n int, id string, last int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen++
	if n <= last {
		l.fault("%s: an observer gets message %d after %d", s.name, n, last)
	}
	if before, ok := s.seen[n]; ok && before != id {
		l.fault("%s: message %d has the ids %s and %s", s.name, n, before, id)
	}
	s.seen[n] = id
}

// died closes the books of a life: the seqs of its acks have no holes but those that writes without an ack
// may have taken. whole says that every write was acknowledged, so that there are none.
func (l *ledger) died(whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.channels {
		before := c.unknown
		for _, e := range c.entries {
			c.unknown += e.sent - e.base + 1 - e.acked
		}
		if len(c.seqs) == 0 {
			continue
		}
		slices.Sort(c.seqs)
		first, end := c.seqs[0], c.seqs[len(c.seqs)-1]
		for i, seq := range c.seqs[1:] {
			if seq == c.seqs[i] {
				l.fault("%s: two writes have seq %d", c.name, seq)
			}
			if whole && seq != c.seqs[i]+1 {
				l.fault("%s: a hole between the seqs %d and %d, with every write acknowledged", c.name, c.seqs[i], seq)
			}
		}
		if first <= c.last {
			l.fault("%s: seq %d again, after %d before the restart", c.name, first, c.last)
		}
		if whole && before != c.unknown {
			l.fault("%s: %d writes were not acknowledged", c.name, c.unknown-before)
		}
		missing := int(end-c.last) - len(c.seqs)
		if missing > c.unknown {
			l.fault("%s: %d seqs up to %d are missing, and only %d writes had no ack", c.name, missing, end, c.unknown)
		}
		c.unknown -= missing
		c.last, c.seqs = end, nil
	}
}

// stored compares a channel's entries, by key, with what was told of them.
func (l *ledger) stored(c *channelBook, values map[string]int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range c.entries {
		got := values[e.key]
		if got < e.told {
			l.fault("lost: %s %s: %d was %s, and %d is there", c.name, e.key, e.told, e.toldHow, got)
			e.told = got // one loss is told once
		}
		if got > e.sent {
			l.fault("%s %s: %d is there, and %d was the last one sent", c.name, e.key, got, e.sent)
		}
	}
}

// listed compares new messages of a stream with what was told of them.
func (l *ledger) listed(s *streamBook, messages []listedMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := map[int]string{}
	for _, m := range messages {
		if m.ID <= s.lastID {
			l.fault("%s: id %s is listed after %s", s.name, m.ID, s.lastID)
		}
		if m.Data <= s.lastData {
			l.fault("%s: message %d is listed after %d", s.name, m.Data, s.lastData)
		}
		s.lastID, s.lastData = m.ID, m.Data
		ids[m.Data] = m.ID
	}
	for _, n := range s.accepted {
		if ids[n] == "" {
			l.fault("lost: %s: message %d was answered with 202 and is not listed", s.name, n)
		}
	}
	for n, id := range s.seen {
		if ids[n] != id {
			l.fault("lost: %s: message %d was seen as %s and is listed as %q", s.name, n, id, ids[n])
		}
	}
	s.accepted, s.seen = nil, map[int]string{}
}
