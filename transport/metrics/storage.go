package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Storage measures the store. Transports do not know the store, so this is no listener of its kind: it has
// a method for each of that listener's functions, for whoever knows both. None of them blocks.
type Storage struct {
	turns, bytes, syncs             prometheus.Counter
	perBatch, apply, wait           prometheus.Histogram
	queue, congested                prometheus.Gauge
	flushes, flushedBytes, failed   prometheus.Counter
	compactions, compactedBytes     prometheus.Counter
	slow                            prometheus.Counter
	used, total, readOnly, stalled  prometheus.Gauge
	congestions, stalls, readOnlies prometheus.Counter
}

// Storage returns the store's measures. Call it once.
func (m *Metrics) Storage() *Storage {
	return &Storage{
		turns:    m.counter("commit_turns_total", "Turns that were committed."),
		bytes:    m.counter("commit_bytes_total", "Bytes of their batches."),
		syncs:    m.counter("commit_syncs_total", "Batches that were synced to disk."),
		perBatch: m.histogram("commit_batch_turns", "Turns that shared one batch.", []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}),
		apply:    m.histogram("commit_apply_seconds", "Time of a batch into the log's buffer and the memtable.", latencies),
		wait:     m.histogram("commit_sync_seconds", "Time from there until it was durable.", latencies),
		queue:    m.gauge("commit_queue_bytes", "Bytes handed over and not yet durable."),

		congested:   m.gauge("commit_congested", "1 while the queue is over its bound."),
		congestions: m.counter("commit_congestions_total", "Times that it went over it."),

		flushes:        m.counter("flushes_total", "Memtables that became table files."),
		flushedBytes:   m.counter("flushed_bytes_total", "Bytes of them."),
		failed:         m.counter("storage_background_errors_total", "Flushes and compactions that failed."),
		compactions:    m.counter("compactions_total", "Merges of table files."),
		compactedBytes: m.counter("compacted_bytes_total", "Bytes that they wrote."),

		slow:       m.counter("disk_slow_total", "File operations that took suspiciously long."),
		used:       m.gauge("disk_used_bytes", "Used bytes of the file system with the data folder."),
		total:      m.gauge("disk_total_bytes", "All bytes of it."),
		readOnly:   m.gauge("storage_read_only", "1 while writes are refused because the disk is nearly full."),
		readOnlies: m.counter("storage_read_only_total", "Times that this began."),
		stalled:    m.gauge("storage_stalled", "1 while writers wait for the background work on table files."),
		stalls:     m.counter("storage_stalls_total", "Times that this began."),
	}
}

// RowCache adds what the store keeps of rows that lie on the disk: bytes now, and rows that had to give way.
// Call it once; now is asked at every scrape, from any goroutine.
func (m *Metrics) RowCache(now func() (bytes, evicted int64)) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dormouse_row_cache_bytes", Help: "Bytes of rows kept in memory for awake channels with much of them.",
		}, func() float64 { bytes, _ := now(); return float64(bytes) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "dormouse_row_cache_evicted_total", Help: "Rows that had to give way to others there.",
		}, func() float64 { _, evicted := now(); return float64(evicted) }),
	)
}

// Batch counts one batch: so many turns, so many bytes, whether it was synced, its times, and what is
// queued after it.
func (s *Storage) Batch(turns, bytes int, synced bool, apply, wait time.Duration, queue int64) {
	s.turns.Add(float64(turns))
	s.bytes.Add(float64(bytes))
	s.perBatch.Observe(float64(turns))
	s.apply.Observe(apply.Seconds())
	if synced {
		s.syncs.Inc()
		s.wait.Observe(wait.Seconds())
	}
	s.queue.Set(float64(queue))
}

// Waits returns how many synced batches waited at most bounds[i] seconds until they were durable, in
// ascending order, and last of all how many there were.
func (s *Storage) Waits() (bounds []float64, counts []uint64) {
	var m dto.Metric
	if err := s.wait.Write(&m); err != nil {
		panic(err) // a histogram can always be written
	}
	for _, b := range m.GetHistogram().GetBucket() {
		bounds, counts = append(bounds, b.GetUpperBound()), append(counts, b.GetCumulativeCount())
	}
	return bounds, append(counts, m.GetHistogram().GetSampleCount())
}

// Congested notes that the queue went over its bound, or below it again.
func (s *Storage) Congested(congested bool, bytes int64) {
	s.queue.Set(float64(bytes))
	state(s.congested, s.congestions, congested)
}

// Flush counts one flush.
func (s *Storage) Flush(_ time.Duration, bytes uint64, err error) {
	if err != nil {
		s.failed.Inc()
		return
	}
	s.flushes.Inc()
	s.flushedBytes.Add(float64(bytes))
}

// Compaction counts one compaction.
func (s *Storage) Compaction(_ time.Duration, _, written uint64, err error) {
	if err != nil {
		s.failed.Inc()
		return
	}
	s.compactions.Inc()
	s.compactedBytes.Add(float64(written))
}

// DiskSlow counts a slow file operation.
func (s *Storage) DiskSlow() { s.slow.Inc() }

// DiskUsage notes how full the disk is.
func (s *Storage) DiskUsage(used, total uint64) {
	s.used.Set(float64(used))
	s.total.Set(float64(total))
}

// ReadOnly notes that the store began, or ceased, to refuse writes.
func (s *Storage) ReadOnly(readOnly bool) { state(s.readOnly, s.readOnlies, readOnly) }

// Stall notes that writers wait, or go on.
func (s *Storage) Stall(stalled bool) { state(s.stalled, s.stalls, stalled) }

func state(now prometheus.Gauge, began prometheus.Counter, on bool) {
	if on {
		now.Set(1)
		began.Inc()
	} else {
		now.Set(0)
	}
}
