package limit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// DefaultMaxKeys bounds the keys that [Buckets] remember, about 8 MiB of them.
const DefaultMaxKeys = 1 << 16

// Buckets are token buckets by key, as many as MaxKeys. When there would be more, those that are full again are
// dropped, which say nothing any more. If that leaves the memory more than three quarters full, all are: what comes
// from so many keys is wider than any memory of it, and who looks for a few free places again and again holds up
// everybody. Then each key has its burst again.
//
// Its methods may be called from any goroutine.
type Buckets struct {
	rate  rate.Limit
	burst int
	keys  int
	// forgot is called when there were too many keys, and all were forgotten.
	forgot func()

	mu    sync.Mutex
	byKey map[string]*rate.Limiter
}

// NewBuckets returns buckets that each fill with perSecond tokens a second, and hold burst at most. forgot is called
// when all keys were forgotten, under a lock: it must not block. DefaultMaxKeys are remembered.
func NewBuckets(perSecond float64, burst int, forgot func()) *Buckets {
	return &Buckets{rate: rate.Limit(perSecond), burst: burst, keys: DefaultMaxKeys, forgot: forgot, byKey: make(map[string]*rate.Limiter)}
}

// Take takes n tokens from key's bucket at that time, all or none, and says whether they were there. Of more than the
// burst there never are.
func (b *Buckets) Take(key string, n int, at time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket := b.byKey[key]
	if bucket == nil {
		if len(b.byKey) >= b.keys {
			b.forget(at)
		}
		bucket = rate.NewLimiter(b.rate, b.burst)
		b.byKey[key] = bucket
	}
	return bucket.AllowN(at, n)
}

// Len is how many keys are remembered.
func (b *Buckets) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.byKey)
}

// forget makes room for keys.
func (b *Buckets) forget(at time.Time) {
	for key, bucket := range b.byKey {
		if bucket.TokensAt(at) >= float64(b.burst) {
			delete(b.byKey, key)
		}
	}
	if len(b.byKey) > b.keys*3/4 {
		clear(b.byKey)
		b.forgot()
	}
}
