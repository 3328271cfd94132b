package scenario

import (
	"context"
	"fmt"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

const (
	fillers   = 16
	fillDepth = 32 // sets of each that are under way
)

// fill sets total entries, the payload numbered n where place says, and waits until all are durable. who is
// allowed to; the connections that it takes are closed. It returns how many were set a second.
func (s *Stand) fill(ctx context.Context, who peers.Client, total int, place func(n int) (channel, key string)) (perSecond float64, err error) {
	sent, acked := 0, 0
	next := func(c *client) {
		if sent < total {
			channel, key := place(sent)
			c.set(channel, key, sent)
			sent++
		}
	}
	clients, err := s.connect(ctx, count(fillers, func(i int) peers.Client {
		who.UID = fmt.Sprintf("filler.%06d", i)
		return who
	}), func(int) frameFunc {
		return func(c *client, kind peers.Kind, _ []byte, _ int64) {
			if kind == peers.Ack {
				acked++
				next(c)
			}
		}
	})
	if err != nil {
		return 0, err
	}
	began := load.Now()
	for _, c := range clients {
		for range fillDepth {
			next(c)
		}
	}
	if err := s.await(ctx, 10*time.Minute, "everything set", func() bool { return acked == total }); err != nil {
		return 0, err
	}
	perSecond = float64(total) * 1e9 / float64(load.Now()-began)
	for _, c := range clients {
		c.close()
	}
	return perSecond, nil
}

// close ends the connection, which is no fault.
func (c *client) close() {
	c.cut = func(error) {}
	c.conn.Close()
}

// allAsleep waits until no channel of the server is in memory any more.
func (s *Stand) allAsleep(ctx context.Context) error {
	for range 600 {
		if err := s.idle(ctx, 200*time.Millisecond); err != nil {
			return err
		}
		counters, err := s.server.Counters(ctx)
		if err != nil {
			return err
		}
		if awake, ok := counters["dormouse_actors_awake"]; !ok || awake == 0 {
			return nil
		}
	}
	return fmt.Errorf("channels are still awake after two minutes")
}
