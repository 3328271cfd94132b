package scenario

import (
	"path/filepath"
	"testing"

	"dormouse/bench/peers"
)

// root is the module's folder.
func root(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// built is a peer, built in a folder of the test's own.
func built(t *testing.T, name string) (p *peers.Peer, dir string) {
	t.Helper()
	dir = t.TempDir()
	p = peers.All("")[name]
	if err := p.Build(t.Context(), root(t), dir); err != nil {
		t.Fatal(err)
	}
	return p, dir
}
