package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"dormouse/bench/peers"
	"dormouse/bench/report"
	"dormouse/bench/scenario"
)

// A tour runs scenarios on a folder that it removes afterwards.
type tour struct {
	settings
	log      io.Writer // progress
	all      map[string]*peers.Peer
	cores    peers.Cores
	schedule *schedule
	dir      string
}

// run measures everything. What there is until an error, it returns too.
func (t *tour) run(ctx context.Context) (r *report.Report, err error) {
	if t.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(t.dir) }() // a folder for temporary files, cleaned by others too
	if t.cores, err = peers.ChooseCores(t.settings.cores); err != nil {
		return nil, err
	}
	began := time.Now()
	t.all = peers.All(t.server)
	steps, missing, err := t.plan(ctx)
	for _, m := range missing {
		fmt.Fprintf(t.log, "%s is left out: %s is not there; to install: %s\n", m.Peer, m.Part, m.Install)
	}
	if err != nil {
		return nil, err
	}
	var budgets report.Scenario
	if t.budgeted() {
		if budgets, err = t.allocations(ctx); err != nil {
			return nil, err
		}
	}
	if err := t.cores.PinLoad(); err != nil {
		return nil, err
	}
	machine, err := t.machine()
	if err != nil {
		return nil, err
	}
	r = &report.Report{Began: began, Revision: t.revision(ctx), Machine: machine, Window: t.size.Window.Seconds(), Runs: t.runs, Missing: missing}
	t.schedule = newSchedule(steps, t.size, time.Now())
	if len(steps) > 0 {
		fmt.Fprintf(t.log, "%d measurements, about %s\n", t.schedule.total, t.schedule.left.Round(10*time.Second))
	}
	ended := func() {
		if len(budgets.Cases) > 0 {
			r.Scenarios = append(r.Scenarios, budgets)
		}
		r.Seconds = time.Since(began).Seconds()
	}
	last := -1
	for _, st := range steps {
		s := t.scenarios[st.scenario]
		if st.scenario != last {
			r.Scenarios = append(r.Scenarios, report.Scenario{Name: s.Name, About: s.About})
			last = st.scenario
		}
		c, err := t.measure(ctx, s.Name, st)
		rs := &r.Scenarios[len(r.Scenarios)-1]
		if c != nil {
			rs.Cases = append(rs.Cases, c)
		}
		if err != nil {
			r.Interrupted = true
			r.Scenarios = slices.DeleteFunc(r.Scenarios, func(s report.Scenario) bool { return len(s.Cases) == 0 })
			ended()
			return r, err
		}
	}
	ended()
	return r, nil
}

// measure runs one case: all peers, then all again. A run that fails is reported and not counted. When ctx ends it
// returns its error, with the case as far as a run of it has figures or faults, or nil.
func (t *tour) measure(ctx context.Context, name string, st step) (*report.Case, error) {
	c := st.Case
	rc := &report.Case{Name: c.Name, Group: c.Group, Axis: c.Axis, X: c.X, Metrics: c.Metrics}
	for _, p := range st.peers {
		p := t.all[p]
		rc.Peers = append(rc.Peers, &report.Peer{Name: p.Name, About: p.About, Durability: p.Durability, Raw: p.Raw})
	}
	for run := range st.runs {
		for i, p := range st.peers {
			sample, err := t.once(ctx, name, st, run, t.all[p])
			switch {
			case err == nil:
				rc.Peers[i].Add(sample)
				if err := t.keepProfiles(sample, name, c.Name, p); err != nil {
					return nil, err
				}
			case !errors.Is(err, context.Canceled): // a fault, also of what had still to arrive
				rc.Peers[i].Faults = append(rc.Peers[i].Faults, err.Error())
			}
			if ctx.Err() != nil {
				return rc.Measured(), ctx.Err()
			}
		}
	}
	return rc, nil
}

// once does one measurement, and says so.
func (t *tour) once(ctx context.Context, name string, st step, run int, p *peers.Peer) (*scenario.Sample, error) {
	n, left := t.schedule.next(), t.schedule.remaining(time.Now())
	fmt.Fprintf(t.log, "[%d/%d, %s left] %s: %s, %s", n, t.schedule.total, minutes(left), name, st.Name, p.Name)
	if st.runs > 1 {
		fmt.Fprintf(t.log, ", run %d of %d", run+1, st.runs)
	}
	size, ends := t.size, ": "
	size.Say = func(line string) {
		fmt.Fprintf(t.log, "\n  %s", line)
		ends = "\n  in all: "
	}
	sample, err := scenario.Measure(ctx, st.Case, p, t.cores, t.dir, size)
	t.schedule.finished(st.Case)
	switch {
	case err == nil:
		fmt.Fprintf(t.log, "%s%s\n", ends, brief(st.Metrics, sample.Values))
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(t.log)
	default:
		fmt.Fprintf(t.log, "%sfailed: %v\n", ends, err)
	}
	return sample, err
}

// minutes writes a time to come: 1:05.
func minutes(d time.Duration) string {
	s := int(max(d, 0).Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
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

// keepProfiles writes a sample's profiles, each to a file whose name says of what it is.
func (t *tour) keepProfiles(sample *scenario.Sample, names ...string) error {
	for kind, profile := range sample.Profiles {
		if err := os.MkdirAll(t.out, 0o755); err != nil {
			return err
		}
		name := strings.NewReplacer(" ", "-", ",", "").Replace(strings.Join(append(names, kind), "-"))
		if err := os.WriteFile(filepath.Join(t.out, name+".pprof"), profile, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (t *tour) machine() (report.Machine, error) {
	sync, err := syncTime(t.dir)
	return report.Machine{
		Processor: peers.ProcessorModel(), Processors: runtime.NumCPU(), Pinned: t.cores.String(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
		SyncMicros: float64(sync.Nanoseconds()) / 1e3, OnMemory: peers.OnMemory(t.dir),
	}, err
}

// revision is that of the tree that the server is built from, as git has it; "" if there is none to know.
func (t *tour) revision(ctx context.Context) string {
	if t.server != "" {
		return ""
	}
	cmd := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty")
	cmd.Dir = t.root
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
