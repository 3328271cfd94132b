package actorstest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dormouse/actors"
	"dormouse/claims"
	"dormouse/persistence"
)

// App is the app of every client of a [Server].
const App = claims.DefaultAppID

// A Server is an engine on a disk in memory, for one test.
type Server struct {
	*actors.System
	Store *persistence.Store

	t       *testing.T
	options actors.Options
	disk    persistence.Options
	key     []byte
	visits  int
}

// Start starts an engine inside a synctest bubble. o needs no Store and no Verifier. The engine and its
// store are closed when the test ends, a minute of the bubble's time before its end, for which the actor
// library's own tickers live on.
func Start(t *testing.T, o actors.Options) *Server {
	t.Helper()
	return StartOn(t, o, func(*persistence.Options) {})
}

// StartOn is Start on another disk: disk changes the store's options before it is opened.
func StartOn(t *testing.T, o actors.Options, disk func(*persistence.Options)) *Server {
	t.Helper()
	s := &Server{t: t, options: o, key: make([]byte, 32)}
	rand.Read(s.key)
	s.disk = persistence.Options{Dir: "data", FS: persistence.Memory(), Logger: discard(), BallastBytes: -1}
	disk(&s.disk)
	if s.options.Logger == nil {
		s.options.Logger = discard()
	}
	key, err := claims.ParseKey("HS256", "", base64.StdEncoding.EncodeToString(s.key))
	if err != nil {
		t.Fatal(err)
	}
	if s.options.Verifier, err = claims.NewVerifier(claims.Options{Keys: []claims.Key{key}}); err != nil {
		t.Fatal(err)
	}
	s.open()
	t.Cleanup(func() {
		s.stop()
		time.Sleep(time.Minute)
	})
	return s
}

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func (s *Server) open() {
	s.t.Helper()
	store, err := persistence.Open(s.disk)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Store = store
	s.options.Store, s.options.Ledger = store, nil
	if s.System, err = actors.New(s.options); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		s.t.Errorf("close the engine: %v", err)
	}
	if err := s.Store.Close(); err != nil {
		s.t.Errorf("close the store: %v", err)
	}
}

// Restart stops the engine and starts another on the same disk. Clients of the first are gone.
func (s *Server) Restart() { s.RestartAfter(0) }

// RestartAfter is Restart with so long in between.
func (s *Server) RestartAfter(d time.Duration) {
	s.t.Helper()
	s.stop()
	time.Sleep(d)
	s.open()
}

// Token signs claims. exp is a minute from now unless they have their own.
func (s *Server) Token(c map[string]any) string {
	s.t.Helper()
	all := jwt.MapClaims{"exp": time.Now().Add(time.Minute).Unix()}
	maps.Copy(all, c)
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString(s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// Admit asks for a connection with a connect token of these claims.
func (s *Server) Admit(c map[string]any) (*actors.Admission, error) {
	s.t.Helper()
	all := map[string]any{"scope": "connect"}
	maps.Copy(all, c)
	return s.System.Admit(context.Background(), actors.ConnectRequest{App: App, Token: s.Token(all)})
}

// Connect opens a connection with a connect token of these claims, and expects its greeting.
func (s *Server) Connect(c map[string]any) *Client {
	s.t.Helper()
	admission, err := s.Admit(c)
	if err != nil {
		s.t.Fatal(err)
	}
	client := &Client{t: s.t}
	client.Connection = admission.Open(client)
	client.greeted()
	return client
}

// List returns the events of a channel's stored messages, oldest first.
func (s *Server) List(name string) (events []string, err error) {
	r := actors.HistoryRequest{Channel: name}
	for {
		page, err := s.History(context.Background(), App, r)
		if err != nil {
			return nil, err
		}
		for _, m := range page.Items {
			events, r.After = append(events, m.Event), m.ID
		}
		if !page.More {
			return events, nil
		}
	}
}
