package channel

// watchers remembers who observes the keys that are being written, since finding out asks every
// subscription's grant. A subscription that may observe anything empties it when it comes or goes: a
// channel whose membership is stable never asks twice. Without subscriptions there is nothing to remember.
type watchers struct {
	byKey map[string]*watcher
	size  int // of the rosters that are not the channel's own
}

// A watcher is one key and who observes it.
type watcher struct {
	row    string // of the entry
	known  bool   // roster is what it should be
	roster Roster
}

// What is remembered is bounded, for a channel may have any number of keys, and each its own observers.
const (
	maxWatchers = 1024    // keys
	maxWatching = 4 << 20 // subscriptions in their rosters: 32 MiB
)

func (w *watcher) key() string { return w.row[len(tableEntries):] }

// changed says that sub came or went.
func (ws *watchers) changed(sub *Subscription) {
	if sub.observesAny() {
		ws.forget()
	}
}

func (ws *watchers) forget() {
	clear(ws.byKey)
	ws.size = 0
}

// watcher returns what is remembered of key, to begin with its row's key.
func (c *Channel) watcher(key string) *watcher {
	if c.roster.Len() == 0 {
		return &watcher{row: tableEntries + key}
	}
	if w := c.watchers.byKey[key]; w != nil {
		return w
	}
	if c.watchers.byKey == nil {
		c.watchers.byKey = map[string]*watcher{}
	}
	if len(c.watchers.byKey) >= maxWatchers || c.watchers.size >= maxWatching {
		c.watchers.forget()
	}
	w := &watcher{row: tableEntries + key}
	c.watchers.byKey[w.key()] = w
	return w
}

// observers returns the subscriptions that are told of changes to w's key.
func (c *Channel) observers(w *watcher) Roster {
	if !w.known {
		key := w.key()
		w.roster = c.roster.where(func(s *Subscription) bool { return s.observes(key) })
		w.known = true
		if w.roster.Len() < c.roster.Len() {
			c.watchers.size += w.roster.Len()
		}
	}
	return w.roster
}
