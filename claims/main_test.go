package claims

import (
	goflag "flag"
	"testing"

	"go.uber.org/goleak"
	_ "pgregory.net/rapid" // defines the flag
)

func TestMain(m *testing.M) {
	// Ten thousand draws where rapid takes a hundred: they cost two seconds, and rules about three
	// directives on one name meet too rarely in a hundred. The command line still has the last word.
	if err := goflag.Set("rapid.checks", "10000"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
