package metrics

import (
	"testing"
	"time"
)

func TestApps(t *testing.T) {
	m := New(Build{})
	a := m.Apps()
	a.Now(func() (kept, watched, reading int) { return 7, 3, 2 })
	a.Lookup("hit")
	a.Lookup("hit")
	a.Lookup("absent")
	a.Read(true, time.Millisecond, true)
	a.Read(false, time.Millisecond, false)
	a.Refused(false)
	a.Refused(true)
	a.Late(time.Second)
	a.Invalid()
	a.Evicted()
	a.Outage(true)
	want(t, scrape(t, m),
		`dormouse_app_lookups_total{outcome="hit"} 2`, `dormouse_app_lookups_total{outcome="absent"} 1`,
		`dormouse_app_reads_total{by="key",result="answered"} 1`, `dormouse_app_reads_total{by="id",result="failed"} 1`,
		`dormouse_app_read_seconds_count 2`, `dormouse_app_refresh_late_seconds_count 1`,
		`dormouse_app_reads_refused_total{what="lookup"} 1`, `dormouse_app_reads_refused_total{what="refresh"} 1`,
		`dormouse_app_records_invalid_total 1`, `dormouse_app_evictions_total 1`,
		`dormouse_app_store_down 1`, `dormouse_app_store_outages_total 1`,
		`dormouse_apps_cached 7`, `dormouse_apps_watched 3`, `dormouse_app_reads_under_way 2`)
	a.Outage(false)
	want(t, scrape(t, m), `dormouse_app_store_down 0`, `dormouse_app_store_outages_total 1`)
}
