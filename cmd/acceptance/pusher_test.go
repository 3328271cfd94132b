package acceptance

import (
	"slices"
	"testing"
)

// A pusherCase is a case of the Pusher protocol that is about the whole program. The others are played in
// transport/pusher/cases and persistence/apps, by the same numbers.
type pusherCase struct {
	number string
	rule   string
	play   func(t *testing.T)
}

func TestPusher(t *testing.T) {
	for _, c := range slices.Concat(webhookCases, endCases, tlsCases, watchCases, reloadCases, hostileCases, isolationCases) {
		t.Run(c.number, func(t *testing.T) {
			t.Parallel()
			t.Log(c.rule)
			c.play(t)
		})
	}
}

// servePusher starts a server with these apps in its file.
func servePusher(t testing.TB, more settings, list ...*pusherApp) *server {
	t.Helper()
	return serve(t, defaults().with(withApps(list...)).with(more))
}
