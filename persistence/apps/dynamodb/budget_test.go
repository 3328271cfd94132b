package dynamodb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/persistence/apps"
)

// A network in memory, where what comes is handled by serve; n counts connections from 1.
func network(s *atomic.Int64, serve func(n int64, conn net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		n := s.Add(1)
		go func() {
			defer server.Close()
			serve(n, server)
		}()
		return client, nil
	}
}

// silent takes what comes and says nothing.
func silent(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// answer reads one request and answers it.
func answer(conn net.Conn, status, body string) bool {
	return answerFrom(bufio.NewReader(conn), conn, func(*http.Request) (string, string) { return status, body })
}

// answers answers each request on a connection alike.
func answers(conn net.Conn, status, body string) {
	for in := bufio.NewReader(conn); answerFrom(in, conn, func(*http.Request) (string, string) { return status, body }); {
	}
}

func answerFrom(in *bufio.Reader, conn net.Conn, answer func(*http.Request) (status, body string)) bool {
	r, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return false
	}
	status, body := answer(r)
	// Without the checksum the SDK gives the connection up.
	_, err = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Crc32: %d\r\nContent-Length: %d\r\n\r\n%s",
		status, crc32.ChecksumIEEE([]byte(body)), len(body), body)
	return err == nil
}

const oneItem = `{"Item":{"AppId":{"S":"i"},"AppKey":{"S":"k"}}}`

// inBubble runs a test of a source whose network is in memory, in virtual time.
func inBubble(t *testing.T, serve func(n int64, conn net.Conn), test func(t *testing.T, s *Source, connections *atomic.Int64)) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "tests")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "tests")
	synctest.Test(t, func(t *testing.T) {
		var connections atomic.Int64
		s, err := Open(Options{Endpoint: "http://dynamodb.test", dial: network(&connections, serve)})
		if err != nil {
			t.Fatal(err)
		}
		test(t, s, &connections)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestLookupEndsInTime(t *testing.T) {
	inBubble(t, func(_ int64, conn net.Conn) { silent(conn) }, func(t *testing.T, s *Source, connections *atomic.Int64) {
		began := time.Now()
		_, err := s.ByID(t.Context(), "i")
		outage(t, err)
		if took := time.Since(began); took != lookupTimeout || connections.Load() != attempts {
			t.Errorf("%d attempts in %v, want %d in %v", connections.Load(), took, attempts, lookupTimeout)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

func TestOneSlowAttemptIsNotTheEnd(t *testing.T) {
	serve := func(n int64, conn net.Conn) {
		if n == 1 {
			silent(conn)
			return
		}
		answers(conn, "200 OK", oneItem)
	}
	inBubble(t, serve, func(t *testing.T, s *Source, _ *atomic.Int64) {
		began := time.Now()
		r, err := s.ByID(t.Context(), "i")
		same(t, r, err, apps.Record{"AppId": "i", "AppKey": "k"})
		if took := time.Since(began); took < attemptTimeout || took > attemptTimeout+100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// A connection that ends and a server in trouble are tried again.
func TestFaultsAreTriedAgain(t *testing.T) {
	for name, fault := range map[string]func(net.Conn){
		"a connection that ends": func(net.Conn) {},
		"a server in trouble": func(conn net.Conn) {
			answer(conn, "500 Internal Server Error", `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"sorry"}`)
		},
		"a table that is asked too often": func(conn net.Conn) {
			answer(conn, "400 Bad Request", `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"wait"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			serve := func(n int64, conn net.Conn) {
				if n < attempts {
					fault(conn) // and the connection ends
					return
				}
				answers(conn, "200 OK", oneItem)
			}
			inBubble(t, serve, func(t *testing.T, s *Source, _ *atomic.Int64) {
				began := time.Now()
				r, err := s.ByID(t.Context(), "i")
				same(t, r, err, apps.Record{"AppId": "i", "AppKey": "k"})
				if took := time.Since(began); took > 200*time.Millisecond {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// What the server means stays so, however often it is asked.
func TestRefusalsAreNotTriedAgain(t *testing.T) {
	serve := func(_ int64, conn net.Conn) {
		answers(conn, "400 Bad Request", `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized to perform: dynamodb:GetItem"}`)
	}
	inBubble(t, serve, func(t *testing.T, s *Source, connections *atomic.Int64) {
		began := time.Now()
		_, err := s.ByID(t.Context(), "i")
		outage(t, err)
		if took := time.Since(began); took != 0 || connections.Load() != 1 {
			t.Errorf("%d connections in %v", connections.Load(), took)
		}
		if !strings.Contains(err.Error(), "not authorized") || !strings.Contains(err.Error(), "apps") {
			t.Errorf("error %v", err)
		}
	})
}

// In an outage of an hour the SDK's own tokens for retries run out; the first try of each lookup is always made.
func TestLongOutageEnds(t *testing.T) {
	var well atomic.Bool
	serve := func(_ int64, conn net.Conn) {
		if well.Load() {
			answers(conn, "200 OK", oneItem)
		}
	}
	inBubble(t, serve, func(t *testing.T, s *Source, _ *atomic.Int64) {
		for range 500 {
			_, err := s.ByID(t.Context(), "i")
			outage(t, err)
		}
		well.Store(true)
		r, err := s.ByID(t.Context(), "i")
		same(t, r, err, apps.Record{"AppId": "i", "AppKey": "k"})
	})
}

// The index still has the key that the table's item had.
func TestIndexThatLags(t *testing.T) {
	for name, c := range map[string]struct{ item, want string }{
		"the app has another key now": {`{"Item":{"AppId":{"S":"i"},"AppKey":{"S":"new"},"AppSecret":{"S":"s"}}}`, ""},
		"the app is gone":             {`{}`, ""},
		"the app is there":            {`{"Item":{"AppId":{"S":"i"},"AppKey":{"S":"k"},"AppSecret":{"S":"s"}}}`, "i"},
	} {
		t.Run(name, func(t *testing.T) {
			serve := func(_ int64, conn net.Conn) {
				for in := bufio.NewReader(conn); answerFrom(in, conn, func(r *http.Request) (string, string) {
					if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Query") {
						return "200 OK", `{"Count":1,"ScannedCount":1,"Items":[{"AppId":{"S":"i"},"AppKey":{"S":"k"}}]}`
					}
					return "200 OK", c.item
				}); {
				}
			}
			inBubble(t, serve, func(t *testing.T, s *Source, _ *atomic.Int64) {
				r, err := s.ByKey(t.Context(), "k")
				if c.want == "" {
					none(t, r, err)
				} else if err != nil || r["AppId"] != c.want {
					t.Errorf("found %v, %v", r, err)
				}
			})
		})
	}
}
