package metrics

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// A jsonFamily is a measure as soketi writes it at /metrics?json=1.
type jsonFamily struct {
	Help       string      `json:"help"`
	Name       string      `json:"name"`
	Type       string      `json:"type"`
	Values     []jsonValue `json:"values"`
	Aggregator string      `json:"aggregator"`
}

type jsonValue struct {
	Value  jsonNumber        `json:"value"`
	Labels map[string]string `json:"labels"`
	// Name is the series' own, of a measure that has several.
	Name string `json:"metricName,omitempty"`
}

// jsonNumber is a number that JSON may not have: then it is null, as in JavaScript.
type jsonNumber float64

func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if f := float64(n); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(f)
	}
	return []byte("null"), nil
}

// JSON serves the measures whose names begin with prefix as soketi does at /metrics?json=1, and everything else as
// next does.
func (m *Metrics) JSON(prefix string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("json") {
		case "", "0", "false":
			next.ServeHTTP(w, r)
			return
		}
		families, err := m.registry.Gather()
		if err != nil {
			http.Error(w, "the measures cannot be read: "+err.Error(), http.StatusInternalServerError)
			return
		}
		all := slices.Clone(m.empty)
		for _, f := range families {
			if strings.HasPrefix(f.GetName(), prefix) {
				all = append(all, jsonOf(f))
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(append([]jsonFamily{}, all...)) // an empty list is no null; who went away needs no answer
	})
}

func jsonOf(f *dto.MetricFamily) jsonFamily {
	j := jsonFamily{Help: f.GetHelp(), Name: f.GetName(), Type: strings.ToLower(f.GetType().String()), Values: []jsonValue{}, Aggregator: "sum"}
	for _, metric := range f.GetMetric() {
		labels := map[string]string{}
		for _, l := range metric.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		add := func(value float64, name string, more ...string) {
			with := labels
			if len(more) > 0 {
				with = map[string]string{more[0]: more[1]}
				for name, value := range labels {
					with[name] = value
				}
			}
			j.Values = append(j.Values, jsonValue{jsonNumber(value), with, name})
		}
		switch {
		case metric.Gauge != nil:
			add(metric.Gauge.GetValue(), "")
		case metric.Counter != nil:
			add(metric.Counter.GetValue(), "")
		case metric.Untyped != nil:
			add(metric.Untyped.GetValue(), "")
		case metric.Histogram != nil:
			for _, b := range metric.Histogram.GetBucket() {
				add(float64(b.GetCumulativeCount()), j.Name+"_bucket", "le", strconv.FormatFloat(b.GetUpperBound(), 'g', -1, 64))
			}
			add(metric.Histogram.GetSampleSum(), j.Name+"_sum")
			add(float64(metric.Histogram.GetSampleCount()), j.Name+"_count")
		}
	}
	return j
}
