package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"dormouse/bench/peers"
	"dormouse/bench/report"
	"dormouse/bench/scenario"
)

// A tour runs scenarios on a folder that it removes afterwards.
type tour struct {
	settings
	log   io.Writer // progress
	peers map[string]*peers.Peer
	cores peers.Cores
	dir   string
}

func (t *tour) run(ctx context.Context) (r *report.Report, err error) {
	if t.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(t.dir) }() // a folder for temporary files, cleaned by others too
	if t.cores, err = peers.ChooseCores(t.settings.cores); err != nil {
		return nil, err
	}
	began := time.Now()
	t.peers = peers.All(t.server)
	if err := t.build(ctx); err != nil {
		return nil, err
	}
	if err := t.cores.PinLoad(); err != nil {
		return nil, err
	}
	machine, err := t.machine()
	if err != nil {
		return nil, err
	}
	r = &report.Report{Began: began, Machine: machine, Window: t.size.Window.Seconds(), Runs: t.runs}
	for _, s := range t.scenarios {
		rs := report.Scenario{Name: s.Name, About: s.About}
		for _, c := range s.Cases(t.size) {
			rc, err := t.measure(ctx, s.Name, c)
			if err != nil {
				return nil, err
			}
			rs.Cases = append(rs.Cases, rc)
		}
		r.Scenarios = append(r.Scenarios, rs)
	}
	r.Seconds = time.Since(began).Seconds()
	return r, nil
}

// build builds what the scenarios need, before anything is pinned.
func (t *tour) build(ctx context.Context) error {
	for _, s := range t.scenarios {
		for _, c := range s.Cases(t.size) {
			for _, name := range c.Peers {
				if err := t.peers[name].Build(ctx, t.root, t.dir); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// measure runs one case: all peers, then all again. A run that fails is reported and not counted.
func (t *tour) measure(ctx context.Context, name string, c scenario.Case) (*report.Case, error) {
	rc := &report.Case{Name: c.Name, Group: c.Group, Axis: c.Axis, X: c.X, Metrics: c.Metrics}
	for _, p := range c.Peers {
		rc.Peers = append(rc.Peers, &report.Peer{Name: p, About: t.peers[p].About, Durability: t.peers[p].Durability})
	}
	for run := range t.runs {
		for i, p := range c.Peers {
			fmt.Fprintf(t.log, "%s: %s, %s", name, c.Name, p)
			if t.runs > 1 {
				fmt.Fprintf(t.log, ", run %d of %d", run+1, t.runs)
			}
			sample, err := scenario.Measure(ctx, c, t.peers[p], t.cores, t.dir, t.size)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case err != nil:
				fmt.Fprintf(t.log, ": failed: %v\n", err)
				rc.Peers[i].Faults = append(rc.Peers[i].Faults, err.Error())
				continue
			}
			fmt.Fprintf(t.log, ": %s\n", brief(c.Metrics, sample.Values))
			rc.Peers[i].Add(sample)
			if err := t.keepProfile(sample.Profile, name, c.Name, p); err != nil {
				return nil, err
			}
		}
	}
	return rc, nil
}

// brief is a sample's first figures in one line.
func brief(metrics []scenario.Metric, values map[string]float64) string {
	var parts []string
	for _, m := range metrics {
		if v, ok := values[m.ID]; ok && len(parts) < 4 {
			parts = append(parts, strings.TrimSpace(m.Label+" "+report.Number(v)+" "+m.Unit))
		}
	}
	return strings.Join(parts, ", ")
}

func (t *tour) keepProfile(profile []byte, names ...string) error {
	if len(profile) == 0 {
		return nil
	}
	if err := os.MkdirAll(t.out, 0o755); err != nil {
		return err
	}
	name := strings.NewReplacer(" ", "-", ",", "").Replace(strings.Join(names, "-"))
	return os.WriteFile(filepath.Join(t.out, name+".pprof"), profile, 0o644)
}

// write writes the report's files and says where they are.
func (t *tour) write(r *report.Report) error {
	if err := os.MkdirAll(t.out, 0o755); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{"report.json": r.WriteJSON, "report.html": r.WriteHTML} {
		path := filepath.Join(t.out, name)
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := write(f); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		fmt.Fprintln(t.log, "wrote", path)
	}
	return nil
}

func (t *tour) machine() (report.Machine, error) {
	sync, err := syncTime(t.dir)
	return report.Machine{
		Processors: runtime.NumCPU(), Pinned: t.cores.String(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		SyncMicros: float64(sync.Nanoseconds()) / 1e3, OnMemory: peers.OnMemory(t.dir),
	}, err
}
