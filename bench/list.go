package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"dormouse/bench/peers"
	"dormouse/bench/scenario"
)

// writeList writes what can be chosen.
func (s *settings) writeList(ctx context.Context, w io.Writer) error {
	fmt.Fprint(w, "Scenarios, for -scenario\n")
	for _, sc := range s.scenarios {
		fmt.Fprintf(w, "\n  %s: %s\n", sc.Name, sc.About)
		group := ""
		for _, c := range sc.Cases(s.size) {
			switch {
			case c.Group == "":
				fmt.Fprintf(w, "    - %s\n", c.Name)
			case c.Group != group:
				fmt.Fprintf(w, "    - %s:\n", c.Group)
			}
			if c.Group != "" {
				fmt.Fprintf(w, "        %s\n", c.Name)
			}
			group = c.Group
		}
		if sc.Name == scenario.AllocationsName {
			fmt.Fprintf(w, "    BenchmarkBudget in %s\n", strings.Join(scenario.BudgetBenchmarks, ", "))
			continue
		}
		fmt.Fprintf(w, "    on %s\n", strings.Join(takingPart(sc.Cases(s.size)), ", "))
	}
	fmt.Fprint(w, "\nPeers, for -peer\n")
	all := peers.All(s.server)
	for _, name := range peerNames() {
		p := all[name]
		fmt.Fprintf(w, "\n  %s: %s\n    an acknowledged set: %s\n", name, p.About, p.Durability)
		var missing *peers.NotThere
		if err := p.Find(ctx, s.root); errors.As(err, &missing) {
			fmt.Fprintf(w, "    not there: %s; to install: %s\n", missing.Part, missing.Install)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// takingPart are the names of all peers of some cases.
func takingPart(cases []scenario.Case) (names []string) {
	for _, c := range cases {
		for _, name := range c.Peers {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
