package acceptance

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func row14(t *testing.T, s *server) {
	p := newPage(t, s, `{}`)
	n := 0
	p.token = func() string {
		n++
		return hs256.sign(string(connectToken(claims(fmt.Sprintf(`{"singleUse":true,"jti":"r14.%d"}`, n)))))
	}
	p.start().untilGreeted()
	for opens := 2; opens <= 4; opens++ {
		p.hangUp(false)
		p.until("closed", func() bool { return p.conn == nil })
		p.clock.advance(0)
		p.untilGreeted()
		if p.opens != opens || p.dials != opens {
			t.Fatalf("%d attempts and %d open events, want %d", p.dials, p.opens, opens)
		}
	}
}

func row15(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r15":{"subscribe":true},"r15.auto":{"autoSubscribe":true}}}`).start()
	p.bind("r15")
	p.clock.advance(pageLook)
	p.untilBelief("r15", subscribed)
	p.hangUp(true)
	p.until("closed", func() bool { return p.conn == nil })
	p.clock.advance(pageMostDelay)
	if p.dials != 1 {
		t.Fatalf("%d attempts while suspended", p.dials)
	}
	p.mu.Lock()
	p.quit = false
	p.mu.Unlock()
	p.connect()
	p.untilGreeted()
	p.clock.advance(pageLook)
	p.untilBelief("r15", subscribed)
	p.untilBelief("r15.auto", subscribed)
	if r := must(s.channels(t.Context(), "r15")); !strings.Contains(r.body, `"subscriptionsCount":1`) {
		t.Errorf("the first subscription is still there: %s", r)
	}
}

func row16(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r16":{"autoSubscribe":true,"messages":{"*":{"publish":true,"echo":true}}}}}`).start()
	p.untilBelief("r16", subscribed)
	p.send(`{"channel":"r16","event":"bare"}`)
	if f := p.heard("bare"); string(f.Data) != "null" || f.ID == nil || string(f.Meta) != nobody {
		t.Errorf("without data: %s", f.text)
	}
}

// fetch() sends text/plain and asks no preflight; who sets a content type is asked for one.
func row17(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r17":{"autoSubscribe":true}}}`).start()
	p.untilBelief("r17", subscribed)
	query := url.Values{"connectionId": {p.id}, "connectionSecret": {p.secret}}
	for _, call := range []struct {
		method, query string
		status        int
	}{{http.MethodPost, query.Encode(), 200}, {http.MethodOptions, "", 204}, {http.MethodPost, "connectionId=x&connectionSecret=y", 401}} {
		req := must(http.NewRequestWithContext(t.Context(), call.method, "http://"+s.addr+"//connection/listMessages?"+call.query, strings.NewReader(`{"channel":"r17"}`)))
		req.Header.Set("Content-Type", "text/plain;charset=UTF-8")
		req.Header.Set("Origin", "https://page.example")
		if call.method == http.MethodOptions {
			req.Header.Set("Access-Control-Request-Method", "POST")
			req.Header.Set("Access-Control-Request-Headers", "content-type")
		}
		resp := must(backend.Do(req))
		_ = resp.Body.Close()
		if resp.StatusCode != call.status || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s ?%s: %d, any origin %q; want %d and *", call.method, call.query, resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin"), call.status)
		}
		if call.method == http.MethodOptions && !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "content-type") {
			t.Errorf("the preflight allows %q", resp.Header.Get("Access-Control-Allow-Headers"))
		}
	}
}

func row18(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r18":{"subscribe":true,"alias":"me18","messages":{"*":{"publish":true,"echo":true}}}}}`).start()
	p.bind("me18")
	p.clock.advance(pageLook)
	p.untilBelief("me18", subscribed)
	p.send(`{"channel":"me18","event":"mine","data":1}`)
	if f := p.heard("mine"); *f.Channel != "r18" {
		t.Errorf("published by alias: %s", f.text)
	}
	if r := must(s.publish(t.Context(), `{"channel":"r18","event":"theirs"}`)); r.status != 202 {
		t.Fatal(r)
	}
	if f := p.heard("theirs"); *f.Channel != "r18" || f.Meta != nil {
		t.Errorf("published by the backend: %s", f.text)
	}
}

func row19(t *testing.T, s *server) {
	p := newPage(t, s, `{"uid":"u","channels":{"presence.r19":{"autoSubscribe":true,"alias":"me19","storage":{"*":{"set":true,"get":true,"observe":true}},
		"messages":{"*":{"publish":true,"echo":true,"store":60,"react":true}}}}}`).start()
	p.untilBelief("presence.r19", subscribed)
	p.send(`{"event":"hotsock.channelStorageSet","channel":"me19","key":"k","data":{"a":1}}`)
	p.send(`{"event":"hotsock.channelStorageGet","channel":"me19","key":"k"}`)
	p.send(`{"event":"chat","channel":"me19","data":"hi"}`)
	p.send(fmt.Sprintf(`{"event":"hotsock.messageReaction","channel":"me19","data":{"messageId":%q,"reaction":"👍","action":"add"}}`, *p.heard("chat").ID))
	p.send(fmt.Sprintf(`{"event":"hotsock.umdUpdate","channel":"me19","data":{"token":%q}}`,
		hs256.sign(string(claims(`{"uid":"u","umd":7,"channels":{"presence.r19":{"umdUpdate":true}}}`).completed("umd")))))
	for _, event := range []string{"hotsock.channelStorageUpdated", "hotsock.channelStorageData", "hotsock.messageReactionAdded", "hotsock.memberUpdated"} {
		if f := p.heard(event); f.Channel == nil || *f.Channel != "presence.r19" {
			t.Errorf("dispatched by channel: %s", f.text)
		}
	}
}
