package actors_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/persistence"
)

// nullSink counts what it is given, and gives a client's places back as a socket does.
type nullSink struct {
	credit *actors.Credit
	frames atomic.Int64
}

func (s *nullSink) Codec() channel.Codec { return actorstest.Text{} }
func (s *nullSink) Deliver([]byte, bool) { s.frames.Add(1) }
func (s *nullSink) Complete(n int)       { s.credit.Give(n) }
func (s *nullSink) Close(channel.Close)  {}

// engine is an engine on the real disk, with clients that may do everything.
type engine struct {
	*actors.System
	token string
}

func benchEngine(b testing.TB) *engine {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	store, err := persistence.Open(persistence.Options{Dir: b.TempDir() + "/data", Logger: quiet, BallastBytes: -1})
	if err != nil {
		b.Fatal(err)
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	key, err := claims.ParseKey("HS256", "", base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		b.Fatal(err)
	}
	verifier, err := claims.NewVerifier(claims.Options{Keys: []claims.Key{key}})
	if err != nil {
		b.Fatal(err)
	}
	s, err := actors.New(actors.Options{Store: store, Verifier: verifier, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			b.Log(err)
		}
		store.Close()
	})
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"exp": time.Now().Add(time.Hour).Unix(), "scope": "connect", "uid": "u",
		"channels": map[string]any{"*": map[string]any{
			"subscribe": true,
			"messages":  map[string]any{"*": map[string]any{"publish": true}},
			"storage":   map[string]any{"*": map[string]any{"observe": true, "get": true, "set": true}},
		}},
	}).SignedString(secret)
	if err != nil {
		b.Fatal(err)
	}
	return &engine{s, token}
}

func (e *engine) connect(b testing.TB, unanswered int) (*actors.Connection, *nullSink) {
	admission, err := e.Admit(b.Context(), actors.ConnectRequest{App: actorstest.App, Token: e.token})
	if err != nil {
		b.Fatal(err)
	}
	sink := &nullSink{credit: actors.NewCredit(unanswered)}
	c := admission.Open(sink)
	b.Cleanup(c.Closed)
	return c, sink
}

// BenchmarkSet is durable sets, each told to four observers, by writers that keep some unanswered.
func BenchmarkSet(b *testing.B) {
	for _, shape := range []struct{ channels, writers, unanswered int }{{1, 1, 1}, {1, 64, 16}, {64, 64, 1}, {64, 64, 16}} {
		b.Run(fmt.Sprintf("channels=%d/writers=%d/unanswered=%d", shape.channels, shape.writers, shape.unanswered), func(b *testing.B) {
			e := benchEngine(b)
			for i := range shape.channels {
				for range 4 {
					c, sink := e.connect(b, 1)
					sink.credit.Take()
					c.Send(&actors.Subscribe{Channel: fmt.Sprintf("c%d", i)})
					sink.credit.Take()
				}
			}
			data := make([]byte, 200)
			for i := range data {
				data[i] = 'x'
			}
			data[0], data[199] = '"', '"'
			b.ReportAllocs()
			b.ResetTimer()
			var left atomic.Int64
			left.Store(int64(b.N))
			var writers sync.WaitGroup
			for w := range shape.writers {
				c, sink := e.connect(b, shape.unanswered)
				writers.Go(func() {
					for n := left.Add(-1); n >= 0; n = left.Add(-1) {
						value := append([]byte(nil), data...)
						copy(value[1:], fmt.Sprintf("%016d", n))
						sink.credit.Take()
						c.Send(&actors.SetStorage{Channel: fmt.Sprintf("c%d", w%shape.channels), Key: "k", Data: value})
					}
					for range shape.unanswered {
						sink.credit.Take()
					}
				})
			}
			writers.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sets/s")
		})
	}
}

// BenchmarkPublish is one message to a channel's subscribers.
func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			e := benchEngine(b)
			for range subscribers {
				c, sink := e.connect(b, 1)
				sink.credit.Take()
				c.Send(&actors.Subscribe{Channel: "c"})
				sink.credit.Take()
			}
			c, sink := e.connect(b, 64)
			c.Send(&actors.Subscribe{Channel: "c"})
			b.ReportAllocs()
			for b.Loop() {
				sink.credit.Take()
				c.Send(&actors.Publish{Channel: "c", Event: "e", Data: []byte(`{"n":1}`)})
			}
			b.ReportMetric(float64(b.N*subscribers)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}
