package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dormouse/bench/peers"
	"dormouse/bench/scenario"
)

// settings are what the flags say.
type settings struct {
	scenarios []scenario.Scenario
	peers     []string // names; nil: as many as the tour is long
	size      scenario.Size
	runs      int
	repeat    bool // a long case too: -runs says so
	cores     int
	out       string
	server    string
	root      string
	list      bool
	compare   []string // two report.json; nil: measure
}

// The short tour, and the long one.
var (
	short = scenario.Size{Window: time.Second, Warm: 300 * time.Millisecond, Idle: 2_000, Sleeping: 10_000, Stored: 10_000, Soak: 5 * time.Second}
	full  = scenario.Size{Window: 10 * time.Second, Warm: 2 * time.Second, Idle: 10_000, Sleeping: 100_000, Stored: 10_000, Soak: 10 * time.Minute, Full: true}
)

const usage = `Usage: go run ./bench [flags]

Without flags: a short tour of everything, in about three minutes: one run of a second for each case, on our server
and on the one other that tells most, in fanout and presence by Pusher's protocol too. It shows what there is to see;
it is too short for figures to quote.

With -full: measurements of 10 s, three runs of each, on every peer that is there, growth to its end: 10,000
connections, 100,000 sleeping channels, ten minutes of soak, once. It says at its start how long it takes; -scenario and
-peer choose a part of it.

To see whether anything creeps: -scenario soak -soak 1h, of which Ctrl-C writes what was measured until then.

`

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	names := flags.String("scenario", "", "`names` of scenarios to run, by comma (default all): "+strings.Join(scenarioNames(), ","))
	who := flags.String("peer", "", "`names` of peers to run beside ours, by comma, or all: "+strings.Join(peerNames(), ",")+
		"; dormouse for ours alone (default the most telling of each case, with -full all)")
	flags.BoolVar(&s.list, "list", false, "print the scenarios with their cases, and the peers, and measure nothing")
	first := flags.String("compare", "", "compare two reports, `a.json b.json`: how the second differs from the first; measures nothing")
	long := flags.Bool("full", false, "the long tour, for figures to quote")
	seconds := flags.Float64("seconds", 0, "length of one measurement (default 1, with -full 10)")
	soak := flags.Duration("soak", 0, "length of the soak scenario's measurement, 2s to 12h: it is for an hour (default 5s, with -full 10m)")
	runs := flags.Int("runs", 0, "runs of every case, peers in turn (default 1, with -full 3)")
	idle := flags.Int("connections", 0, "idle connections (default 2000, with -full 10000)")
	sleeping := flags.Int("sleeping", 0, "sleeping channels (default 10000, with -full 100000)")
	flags.IntVar(&s.cores, "cores", 1, "processors for the server, the next one is for the load; 0: pin nothing")
	flags.StringVar(&s.out, "out", "", "`folder` for report.json and report.html, or compare.html (default bench/out)")
	flags.StringVar(&s.server, "server", "", "a built server to measure, in place of one built from here")
	flags.BoolVar(&s.size.Profile, "profile", false, "also write a profile of the server's processor time in every measurement, of half a minute at most, and of its heap in idle and sleep; costs a little")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if *first != "" {
		if flags.NArg() != 1 {
			return s, fmt.Errorf("-compare %s: takes two files, and other flags stand before it: -compare a.json b.json", strings.Join(append([]string{*first}, flags.Args()...), " "))
		}
		s.compare = []string{*first, flags.Arg(0)}
	} else if flags.NArg() > 0 {
		return s, fmt.Errorf("%q: what to do is said by flags; see -h", flags.Arg(0))
	}
	profile := s.size.Profile
	s.size, s.runs = short, 1
	if *long {
		s.size, s.runs = full, 3
	}
	s.size.Profile = profile
	if *seconds > 0 {
		s.size.Window = time.Duration(*seconds * float64(time.Second))
	}
	override(&s.runs, *runs)
	s.repeat = *runs > 0
	if *soak != 0 {
		s.size.Soak = *soak
	}
	if s.size.Soak < leastSoak || s.size.Soak > mostSoak {
		return s, fmt.Errorf("-soak %s: %s to %s", s.size.Soak, leastSoak, mostSoak)
	}
	override(&s.size.Idle, *idle)
	override(&s.size.Sleeping, *sleeping)
	if s.size.Idle < 200 {
		return s, fmt.Errorf("-connections %d: at least 200, for fewer say nothing", s.size.Idle)
	}
	if s.server != "" {
		if s.server, err = filepath.Abs(s.server); err != nil {
			return s, err
		}
	}
	if s.scenarios, err = choose(*names); err != nil {
		return s, err
	}
	s.peers, err = choosePeers(*who)
	return s, err
}

// The least gives the points that a trend needs. The most is half of the age at which our server ends a connection.
const leastSoak, mostSoak = 2 * time.Second, 12 * time.Hour

func override(value *int, flag int) {
	if flag > 0 {
		*value = flag
	}
}

func scenarioNames() (names []string) {
	for _, s := range scenario.All {
		names = append(names, s.Name)
	}
	return names
}

// peerNames are the names of all peers, ours first.
func peerNames() []string {
	names := slices.Sorted(maps.Keys(peers.All("")))
	names = slices.DeleteFunc(names, func(n string) bool { return n == peers.Ours })
	return slices.Insert(names, 0, peers.Ours)
}

// choose finds scenarios by name; "" is all.
func choose(names string) (chosen []scenario.Scenario, err error) {
	if names == "" {
		return scenario.All, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(scenario.All, func(s scenario.Scenario) bool { return s.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("-scenario %s: there are %s", name, strings.Join(scenarioNames(), ", "))
		}
		chosen = append(chosen, scenario.All[i])
	}
	return chosen, nil
}

// choosePeers finds peers by name; "" is nil.
func choosePeers(names string) (chosen []string, err error) {
	if names == "" {
		return nil, nil
	}
	all := peerNames()
	if names == "all" {
		return all, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(all, name) {
			return nil, fmt.Errorf("-peer %s: there are %s, or all of them: all", name, strings.Join(all, ", "))
		}
		chosen = append(chosen, name)
	}
	return chosen, nil
}

// errNothing says that no case is left.
var errNothing = errors.New("none of the scenarios has a case with one of these peers; -list says who can do what")
