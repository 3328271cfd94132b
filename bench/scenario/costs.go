package scenario

import "context"

// costs sets what a closed loop of durable work cost and got done in its window, once all of it is complete: processor
// time and syncs to disk a unit, and units a second. before are the server's counters from before the first of the
// units that were sent since. A peer that does not count its syncs has no such figure.
//
// Errors: the server's counters cannot be read.
func (s *Stand) costs(ctx context.Context, before map[string]float64, sent int, cpu, rate, syncs Metric) error {
	after, err := s.server.Counters(ctx)
	if err != nil {
		return err
	}
	s.Sample.set(cpu, s.window.cpuPer()/1e3)
	s.Sample.set(rate, s.window.perSecond())
	if name := s.Peer.Syncs; name != "" {
		s.Sample.set(syncs, (after[name]-before[name])/float64(sent))
	}
	return nil
}

// sum adds up a count of each.
func sum[T any](all []T, of func(T) int) (total int) {
	for _, one := range all {
		total += of(one)
	}
	return total
}
