package actors

import "maps"

// A shrinkable is a map that gives memory back. A Go map keeps what its fullest day needed; connections and
// actors come and go by the hundred thousand, and must leave nothing behind.
type shrinkable[K comparable, V any] struct {
	m    map[K]V
	most int // its greatest size since it was made
}

// shrinkFrom is how big a map must have been to be worth making anew.
const shrinkFrom = 256

func (s *shrinkable[K, V]) get(k K) V { return s.m[k] }

func (s *shrinkable[K, V]) len() int { return len(s.m) }

func (s *shrinkable[K, V]) put(k K, v V) {
	if s.m == nil {
		s.m = make(map[K]V)
	}
	s.m[k] = v
	s.most = max(s.most, len(s.m))
}

// remove deletes k. Each making anew is paid for by three quarters of the map having left.
func (s *shrinkable[K, V]) remove(k K) {
	delete(s.m, k)
	if n := len(s.m); s.most > shrinkFrom && n < s.most/4 {
		m := make(map[K]V, n)
		maps.Copy(m, s.m)
		s.m, s.most = m, n
	}
}
