package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"path/filepath"
	"strings"
	"time"

	"dormouse/claims"
	"dormouse/persistence"
)

// An admin is the listener for those who run the server: health, metrics, backups. Everything but the
// POSTs is open to whoever reaches it, which is why it listens on loopback by default.
type admin struct {
	server   *Server
	listener net.Listener
	http     *http.Server
}

// A reason says why a server is not ready.
type reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// listenAdmin takes the address; requests wait until serve.
func listenAdmin(addr string, s *Server, metrics http.Handler, profiles bool) (*admin, error) {
	a := &admin{server: s}
	mux := http.NewServeMux()
	for pattern, handler := range a.routes(metrics) {
		mux.Handle(pattern, handler)
	}
	// Where soketi has its metrics it answers these too, and machines were told to ask there. Ours are /healthz and /readyz.
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") })
	mux.HandleFunc("GET /ready", s.pusher.handler.Ready)
	if profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	a.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	var err error
	if a.listener, err = net.Listen("tcp", addr); err != nil {
		return nil, fmt.Errorf("admin.listen: %w", err)
	}
	return a, nil
}

// routes are the calls that there always are.
func (a *admin) routes(metrics http.Handler) map[string]http.Handler {
	return map[string]http.Handler{
		"GET /healthz": http.HandlerFunc(a.health),
		"GET /readyz":  http.HandlerFunc(a.ready),
		"GET /metrics": metrics,
		"GET /usage":   http.HandlerFunc(a.usage),
		"POST /backup": a.keyed("A backup", a.backup),

		"POST /admin/apps/{id}/refresh": a.keyed("Looking an app up again", a.refreshApp),
		"DELETE /admin/apps/{id}/data":  a.keyed("Deleting what an app keeps", a.deleteAppData),
	}
}

func (a *admin) addr() string { return a.listener.Addr().String() }

func (a *admin) serve() error {
	if err := a.http.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve admin.listen: %w", err)
	}
	return nil
}

func (a *admin) close() error {
	err := a.http.Close()
	if closeErr := a.listener.Close(); closeErr != nil && !errors.Is(closeErr, net.ErrClosed) {
		err = errors.Join(err, closeErr)
	}
	return err
}

// health says that the process answers.
func (a *admin) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ready says whether the server should be sent new clients, and if not, why.
func (a *admin) ready(w http.ResponseWriter, _ *http.Request) {
	reasons := a.server.readiness()
	status := http.StatusOK
	if len(reasons) > 0 {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, map[string]any{"ready": len(reasons) == 0, "reasons": append([]reason{}, reasons...)})
}

// usage says how much memory there is, as soketi does beside its metrics.
func (a *admin) usage(w http.ResponseWriter, r *http.Request) { a.server.pusher.handler.Usage(w, r) }

// keyed lets through who has an API key. what begins the sentence that the others are told.
func (a *admin) keyed(what string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !a.server.keys.Check(key) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", what+" wants an API key, as a bearer token.")
			return
		}
		next(w, r)
	})
}

// refreshApp has an app read again from where it is kept, now and not when it is due. It wants an API key: whoever
// calls it has the place asked. An app that is not in memory is read by whoever needs it next in any case.
func (a *admin) refreshApp(w http.ResponseWriter, r *http.Request) {
	a.server.pusher.apps.Refresh(r.PathValue("id"))
	answer(w, http.StatusAccepted, map[string]string{"status": "is read again"})
}

// deleteAppData deletes what the channels of an app keep: entries, and the last events of cache channels. It is done when
// that is durable. Who is connected stays, and what is on its way to webhooks is delivered. The app need not be known any
// more.
func (a *admin) deleteAppData(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	namespace := (&claims.App{ID: id}).Namespace() // byte by byte as the operator writes it, which is how it was kept
	deleted, err := a.server.system.Tenant(namespace).Erase(r.Context())
	if err != nil {
		a.server.log.Error("what an app keeps was not deleted", "app", id, "channels", deleted, "err", err)
		refuse(w, http.StatusInternalServerError, "DELETE_FAILED", "Not everything could be deleted; the server's log says why.")
		return
	}
	a.server.log.Info("what an app keeps was deleted", "app", id, "channels", deleted)
	answer(w, http.StatusOK, map[string]int{"channels": deleted})
}

// backup writes a checkpoint into a new or empty folder of the server's machine. It wants an API key: it
// writes where it is told to.
func (a *admin) backup(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Dir string `json:"dir"`
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&request); err != nil || !filepath.IsAbs(request.Dir) {
		refuse(w, http.StatusBadRequest, "INVALID_MESSAGE", `Wants {"dir":"/an/absolute/path"}, of a new or empty folder on the server's machine.`)
		return
	}
	began := time.Now()
	err := a.server.store.Checkpoint(filepath.Clean(request.Dir))
	took := time.Since(began)
	switch {
	case errors.Is(err, persistence.ErrNotDataFolder):
		refuse(w, http.StatusConflict, "NOT_EMPTY", "The folder is not empty: give a new one.")
		return
	case err != nil:
		a.server.log.Error("backup failed", "dir", request.Dir, "err", err)
		refuse(w, http.StatusInternalServerError, "BACKUP_FAILED", "The backup could not be written; the server's log says why.")
		return
	}
	a.server.log.Info("backup written", "dir", request.Dir, "took", took)
	answer(w, http.StatusOK, map[string]any{"dir": filepath.Clean(request.Dir), "seconds": took.Seconds()})
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who went away needs no answer
}
