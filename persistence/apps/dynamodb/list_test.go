package dynamodb

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"dormouse/persistence/apps"
)

func TestListingWithoutItsRight(t *testing.T) {
	serve := func(_ int64, conn net.Conn) {
		answers(conn, "400 Bad Request", `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}`)
	}
	inBubble(t, serve, func(t *testing.T, s *Source, _ *atomic.Int64) {
		n := 0
		for r, err := range s.List(t.Context()) {
			n++
			if outage(t, err); r != nil || err == nil || !strings.Contains(err.Error(), "needs the right dynamodb:Scan on the table apps") {
				t.Errorf("%v, %v", r, err)
			}
		}
		if n != 1 {
			t.Errorf("it yields %d times", n)
		}
	})
}

// What was read is yielded, then the fault, and nothing after it.
func TestListingThatBreaksOff(t *testing.T) {
	var calls atomic.Int64 // over all connections: the second may come on another one
	serve := func(_ int64, conn net.Conn) {
		for in := bufio.NewReader(conn); answerFrom(in, conn, func(r *http.Request) (string, string) {
			if calls.Add(1) == 1 {
				return "200 OK", `{"Count":1,"ScannedCount":1,"Items":[{"AppId":{"S":"i"}}],"LastEvaluatedKey":{"AppId":{"S":"i"}}}`
			}
			return "400 Bad Request", `{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"gone"}`
		}); {
		}
	}
	inBubble(t, serve, func(t *testing.T, s *Source, _ *atomic.Int64) {
		var records []apps.Record
		var last error
		for r, err := range s.List(t.Context()) {
			if last != nil {
				t.Fatalf("%v, %v after %v", r, err, last)
			}
			if last = err; err == nil {
				records = append(records, r)
			}
		}
		if len(records) != 1 || records[0]["AppId"] != "i" {
			t.Errorf("records %v", records)
		}
		if outage(t, last); last != nil && !strings.Contains(last.Error(), "no table apps") {
			t.Errorf("error %v", last)
		}
	})
}
