package channel

// Reader is what a channel may read: its own rows, in byte order of their keys, with everything that
// earlier commands wrote, durable or not. What it returns never changes afterwards.
type Reader interface {
	// Get returns a row's value, nil if there is none.
	Get(key string) ([]byte, error)
	// Scan visits the rows with from <= key < to until visit returns false; to == "" is the end of
	// from's table, which is its first byte. reverse begins at the end.
	Scan(from, to string, reverse bool, visit func(key string, value []byte) bool) error
}
