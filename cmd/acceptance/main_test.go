package acceptance

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"
)

const (
	// patience is how long a test waits for what must happen. It is long because a machine may be busy,
	// and costs nothing when all is well.
	patience = 20 * time.Second
	// quiet is how long nothing must come where the protocol says that nothing comes.
	quiet = 300 * time.Millisecond
)

// parallel is how many tests wait at once: most of them wait for a clock and not for the processor.
const parallel = "24"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", parallel); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := removeBuilds(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
