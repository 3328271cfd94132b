package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"dormouse/actors"
)

// engine turns the engine's own counts into measures when it is asked.
type engine struct{ stats func() actors.Stats }

// Engine makes the engine's counts a part of every scrape. Call it once; stats is called at each scrape.
func (m *Metrics) Engine(stats func() actors.Stats) { m.registry.MustRegister(engine{stats}) }

type engineMeasure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(s *actors.Stats) float64
}

func engineGauge(name, help string, value func(s *actors.Stats) int) engineMeasure {
	return engineMeasure{
		prometheus.NewDesc("dormouse_"+name, help, nil, nil), prometheus.GaugeValue,
		func(s *actors.Stats) float64 { return float64(value(s)) },
	}
}

func engineCounter(name, help string, value func(s *actors.Stats) uint64) engineMeasure {
	return engineMeasure{
		prometheus.NewDesc("dormouse_"+name, help, nil, nil), prometheus.CounterValue,
		func(s *actors.Stats) float64 { return float64(value(s)) },
	}
}

var engineMeasures = []engineMeasure{
	engineGauge("actors_awake", "Channels in memory; all others sleep on disk.", func(s *actors.Stats) int { return s.Awake }),
	engineGauge("clients", "Clients that the engine knows.", func(s *actors.Stats) int { return s.Connections }),
	engineGauge("guests", "Connections of apps that speak the Pusher protocol, of the clients.", func(s *actors.Stats) int { return s.Guests }),
	engineGauge("tenants", "Apps that have such a connection.", func(s *actors.Stats) int { return s.Tenants }),
	engineCounter("commands_total", "Commands of clients.", func(s *actors.Stats) uint64 { return s.Commands }),
	engineCounter("turns_total", "Turns of channels that wrote something.", func(s *actors.Stats) uint64 { return s.Turns }),
	engineCounter("deliveries_total", "Frames that channels handed to subscribers.", func(s *actors.Stats) uint64 { return s.Deliveries }),
	engineCounter("messages_published_total", "Messages that channels took.", func(s *actors.Stats) uint64 { return s.Published }),
	engineCounter("storage_writes_total", "Writes to channel storage that were taken.", func(s *actors.Stats) uint64 { return s.Sets }),
	engineCounter("faults_total", "Commands that failed for reasons of the server.", func(s *actors.Stats) uint64 { return s.Faults }),
	engineCounter("panics_total", "Panics that cost one command each.", func(s *actors.Stats) uint64 { return s.Panics }),
	engineCounter("wakes_total", "Channels that were read from disk.", func(s *actors.Stats) uint64 { return s.Wakes }),
	engineGauge("replay_bytes", "Kept in memory for clients that may come back and ask what they missed.", func(s *actors.Stats) int { return s.ReplayBytes }),
	engineCounter("resumes_recovered_total", "Clients that came back and were told exactly what they had missed.", func(s *actors.Stats) uint64 { return s.Recovered }),
	engineCounter("resumes_not_recovered_total", "Clients that came back and were told that they may have missed something.", func(s *actors.Stats) uint64 { return s.NotRecovered }),
	engineCounter("sleeps_total", "Channels that left memory.", func(s *actors.Stats) uint64 { return s.Sleeps }),
	engineCounter("schedules_total", "Schedules that were made.", func(s *actors.Stats) uint64 { return s.Scheduled }),
	engineCounter("schedules_cancelled_total", "Schedules that were cancelled.", func(s *actors.Stats) uint64 { return s.Cancelled }),
	engineCounter("schedules_full_total", "Schedules that were refused because their channel had too many.", func(s *actors.Stats) uint64 { return s.FullRefusals }),
	engineCounter("schedules_limited_total", "Schedules that were refused because their connection made too many.", func(s *actors.Stats) uint64 { return s.RateRefusals }),
	engineCounter("token_schedules_limited_total", "Schedules that were refused because the tokens of one user made too many.", func(s *actors.Stats) uint64 { return s.TokenRateRefusals }),
	engineCounter("token_schedulers_forgotten_total", "Times that more users scheduled by tokens than limits.token_schedule_rate remembers, and all were forgotten.", func(s *actors.Stats) uint64 { return s.SchedulersForgotten }),
	engineCounter("schedule_runs_total", "Runs of schedules.", func(s *actors.Stats) uint64 { return s.Ran }),
	engineGauge("tails", "Tails that look on at channels.", func(s *actors.Stats) int { return s.Tails }),
	engineCounter("tail_frames_dropped_total", "Frames that were left out because tails were too slow for them.", func(s *actors.Stats) uint64 { return s.TailDropped }),
	engineCounter("tails_refused_total", "Tails that were refused because there were too many.", func(s *actors.Stats) uint64 { return s.TailsRefused }),
	engineCounter("traces_total", "Traces of commands that were written to the log.", func(s *actors.Stats) uint64 { return s.Traces }),
	engineCounter("traces_limited_total", "Traces that were left out because there were more than 1,000 a second.", func(s *actors.Stats) uint64 { return s.TracesLimited }),
	engineGauge("alarms", "Times that the clock waits for: of connections, and of channels with something due within a minute.", func(s *actors.Stats) int { return s.Alarms }),
	engineGauge("revocations", "Revocations that are held: of tokens, and of all tokens of a uid.", func(s *actors.Stats) int { return s.Revocations }),
	{
		prometheus.NewDesc("dormouse_schedule_late_seconds_total", "By how much later than due schedules ran, all together.", nil, nil), prometheus.CounterValue,
		func(s *actors.Stats) float64 { return s.RanLate.Seconds() },
	},
}

var refusals = prometheus.NewDesc("dormouse_refusals_total", "Commands that were refused, by code.", []string{"code"}, nil)

// Describe implements prometheus.Collector.
func (engine) Describe(to chan<- *prometheus.Desc) {
	to <- refusals
	for _, measure := range engineMeasures {
		to <- measure.desc
	}
}

// Collect implements prometheus.Collector.
func (e engine) Collect(to chan<- prometheus.Metric) {
	s := e.stats()
	for code, n := range s.RefusedBy {
		to <- prometheus.MustNewConstMetric(refusals, prometheus.CounterValue, float64(n), code)
	}
	for _, measure := range engineMeasures {
		to <- prometheus.MustNewConstMetric(measure.desc, measure.kind, measure.value(&s))
	}
}
