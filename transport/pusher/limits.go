package pusher

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// windowTime is how long a window lasts: limits are so many a second.
const windowTime = time.Second

// A window counts what was spent within a second, which begins with the first that is spent after the last one's
// end. The zero value is ready. It is for one goroutine at a time.
type window struct {
	began time.Time
	spent int
}

// take spends cost of limit, or nothing if that is more than there is left. left is what is left then, and wait
// how long it is until a new window begins. A cost of 0 only asks.
func (w *window) take(at time.Time, cost, limit int) (ok bool, left int, wait time.Duration) {
	if since := at.Sub(w.began); since >= windowTime || since < 0 {
		w.began, w.spent = at, 0
	}
	if ok = cost == 0 || cost <= limit-w.spent; ok {
		w.spent += cost
	}
	return ok, max(0, limit-w.spent), w.began.Add(windowTime).Sub(at)
}

// How many invalid frames a client may send before it is taken for hostile, within strikeTime.
const (
	maxStrikes = 20
	strikeTime = 10 * time.Second
)

// strikes counts a client's invalid frames. The zero value is ready.
type strikes struct {
	since time.Time
	n     int
}

// add counts one, and says whether it was one too many.
func (s *strikes) add(at time.Time) bool {
	if at.Sub(s.since) > strikeTime {
		s.since, s.n = at, 0
	}
	s.n++
	return s.n > maxStrikes
}

// A class is what a limit of an app counts.
type class uint8

const (
	unlimited     class = iota // calls that no limit is about
	backendEvents              // events that are published, once for each of their channels
	reads                      // GET calls
)

type windowOf struct {
	namespace string
	class     class
}

// windows has a window for each app and class that was used within the last seconds. It forgets the others by
// itself: each second the younger half becomes the older, and the older is let go of, when each window in it is
// over. So it holds no more than two seconds' worth of apps, and never looks at all of them.
type windows struct {
	mu           sync.Mutex
	young, older map[windowOf]*window
	turned       time.Time
}

// take is [window.take] for one app and class.
func (ws *windows) take(key windowOf, at time.Time, cost, limit int) (ok bool, left int, wait time.Duration) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if since := at.Sub(ws.turned); since >= windowTime || since < 0 {
		ws.older, ws.young, ws.turned = ws.young, map[windowOf]*window{}, at
	}
	w := ws.young[key]
	if w == nil {
		if w = ws.older[key]; w == nil {
			w = new(window)
		}
		ws.young[key] = w
	}
	return w.take(at, cost, limit)
}

// limitHeaders tells a caller of a limited app how much it may still do.
func limitHeaders(h http.Header, limit, left int) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(left))
}

// retryAfter is wait in whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	return strconv.FormatInt(max(1, int64((wait+time.Second-1)/time.Second)), 10)
}
