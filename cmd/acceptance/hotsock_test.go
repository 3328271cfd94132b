package acceptance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A hotsockCase is one row of the protocol's table of acceptance cases.
type hotsockCase struct {
	number   int
	rule     string // what the row says, as a name
	settings settings
	play     func(s *scene)
	alone    bool // needs a server that nobody else uses: it is killed, restarted or flooded
}

func (c hotsockCase) name() string {
	return fmt.Sprintf("%03d_%s", c.number, strings.ReplaceAll(c.rule, " ", "_"))
}

// hotsockCases lists every row, by number, in the table's order.
func hotsockCases() []hotsockCase {
	return slices.Concat(connectCases(), tokenCases(), subscribeCases(), aliasCases(), publishCases(), presenceCases(),
		aliveCases(), storageCases(), reactionCases(), umdCases(), clientAPICases(), serverCases(), eventCases(),
		scheduleCases(), lambdaCases(), pageCases())
}

// hotsockNumbers are the rows that this program keeps so far: first and last of each run.
var hotsockNumbers = [][2]int{{1, 114}}

func TestHotsock(t *testing.T) {
	shared := newFleet(t)
	for _, c := range hotsockCases() {
		t.Run(c.name(), func(t *testing.T) {
			t.Parallel()
			// Only what needs the server to itself pays for one.
			var srv *server
			var err error
			if c.alone {
				srv, err = newServer(t, program, defaults().with(c.settings))
			} else {
				srv, err = shared.server(defaults().with(c.settings))
			}
			if err != nil {
				t.Fatal(err)
			}
			c.play(newScene(t, srv))
		})
	}
}

func TestEveryHotsockNumberHasItsCase(t *testing.T) {
	seen := map[int]string{}
	for _, c := range hotsockCases() {
		if other, twice := seen[c.number]; twice {
			t.Errorf("%s and %s have one number", other, c.name())
		}
		if c.rule == "" || c.play == nil {
			t.Errorf("case %d says or plays nothing", c.number)
		}
		seen[c.number] = c.name()
	}
	for _, run := range hotsockNumbers {
		for n := run[0]; n <= run[1]; n++ {
			if seen[n] == "" {
				t.Errorf("case %d is missing", n)
			}
			delete(seen, n)
		}
	}
	for n := range seen {
		t.Errorf("case %d is in no run of hotsockNumbers", n)
	}
}
