package ws

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What counts is messages: a peer that answers every ping is idle all the same, and what comes or goes in
// time keeps the connection.
func TestIdleConnectionIsClosed(t *testing.T) {
	const limit = 10 * time.Minute
	for _, tt := range []struct {
		name string
		keep func(p *peer, r *recorder) // every nine minutes; nil: nothing happens
		want time.Duration
	}{
		{"nothing", nil, limit},
		{"pongs", func(p *peer, _ *recorder) { p.send(frame(0x8A, "")) }, limit},
		{"a message comes", func(p *peer, _ *recorder) { p.send(text("x")) }, 5*9*time.Minute + limit},
		{"a message goes", func(_ *peer, r *recorder) { r.conn.Deliver([]byte("x"), false) }, 5*9*time.Minute + limit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := NewAcceptor(Options{IdleTimeout: limit})
				defer a.Close()
				begun := time.Now()
				p, rec := dialPipe(t, a)
				defer p.Close()
				p.pings(true)
				if tt.keep != nil {
					go func() {
						for range 5 {
							select {
							case <-rec.conn.Done():
								return
							case <-time.After(9 * time.Minute):
								tt.keep(p, rec)
								p.SetWriteDeadline(time.Time{}) // a send's own would be met by the next pong
							}
						}
					}()
				}
				<-rec.conn.Done()
				within(t, "closed", time.Since(begun), tt.want)
				synctest.Wait()
				if code := rec.closed(t); code != CloseGoingAway || rec.reasons[0] != "idle" {
					t.Error(code, rec.reasons)
				}
			})
		})
	}
}

func TestFrameSize(t *testing.T) {
	r := start(t, Options{MaxMessage: 4000, MaxFrame: 1000})
	kilo := strings.Repeat("k", 1000)
	for _, tt := range []struct {
		name string
		send []byte
		code int
		got  []string
	}{
		{"a frame as large as may be", frame(0x81, kilo), 1000, []string{kilo}},
		{"a frame over it", frame(0x81, kilo+"k"), CloseTooBig, nil},
		{"a fragment over it", join(frame(0x01, "a"), frame(0x80, kilo+"k")), CloseTooBig, nil},
		{"a message of four", join(frame(0x01, kilo), frame(0x00, kilo), frame(0x00, kilo), frame(0x80, kilo)), 1000, []string{kilo + kilo + kilo + kilo}},
		{"a message of more", join(frame(0x01, kilo), frame(0x00, kilo), frame(0x00, kilo), frame(0x00, kilo), frame(0x80, "k")), CloseTooBig, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, rec := r.dial(t)
			_, _ = p.Write(join(tt.send, closing(1000, "")))
			if code := p.closeCode(); code != tt.code || rec.closed(t) != tt.code || !slices.Equal(rec.got(), tt.got) {
				t.Errorf("closed with %d, want %d; %d messages", code, tt.code, len(rec.got()))
			}
		})
	}
}
