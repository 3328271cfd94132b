package cases

import "testing"

// A numbered case. It has a server of its own.
type numbered struct {
	number string
	rule   string
	play   func(t *testing.T)
}

// TestPusher plays every case. Those that are about more than this package, such as signals and TLS, are told by
// cmd/acceptance.
func TestPusher(t *testing.T) {
	for _, chapter := range [][]numbered{
		connectionCases, channelCases, presenceCases, clientEventCases, cacheCases, userCases, callCases, isolationCases, storageCases, manageCases,
	} {
		for _, c := range chapter {
			t.Run(c.number, func(t *testing.T) {
				t.Log(c.rule)
				c.play(t)
			})
		}
	}
}
