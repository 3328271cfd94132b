package acceptance

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
)

var watchCases = []pusherCase{
	{"H16", "load balancers and monitoring are answered as they are by soketi, each on its port", caseH16},
	{"H17", "what two apps do is counted under soketi's names, and connected falls to nothing", caseH17},
	{"worker", "who was a worker of soketi's is healthy and serves nobody", caseWorker},
}

func caseH16(t *testing.T) {
	s := servePusher(t, nil, newPusherApp("a", nil))
	for _, c := range []struct {
		address, path string
		status        int
		body          string // what it begins with
	}{
		{s.addr, "/", 200, "OK"},
		{s.addr, "/ready", 200, "OK"},
		{s.addr, "/accept-traffic", 200, `{"memory":{"usedSize":`},
		{s.addr, "/usage", 404, ""},
		{s.addr, "/metrics", 404, ""},
		{s.admin, "/", 200, "OK"},
		{s.admin, "/ready", 200, "OK"},
		{s.admin, "/usage", 200, `{"memory":{"free":`},
		{s.admin, "/metrics", 200, "# HELP "},
		{s.admin, "/metrics?json=1", 200, "[{"},
		{s.admin, "/apps/a/channels", 404, ""},
	} {
		resp, err := ask(t.Context(), "GET", "http://"+c.address+c.path, "")
		if err != nil || resp.status != c.status || !strings.HasPrefix(resp.body, c.body) {
			t.Errorf("%s of %s: %.200s, %v; want %d %s", c.path, map[bool]string{true: "the admin port", false: "the main port"}[c.address == s.admin], resp, err, c.status, c.body)
		}
	}
	for _, path := range []string{"/", "/ready", "/accept-traffic"} {
		resp, err := ask(t.Context(), "GET", "http://"+s.addr+path, "")
		if err != nil || resp.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %v, %v", path, resp.header, err)
		}
	}
	if resp, err := ask(t.Context(), "OPTIONS", "http://"+s.addr+"/apps/a/events", ""); err != nil || resp.status != 204 {
		t.Errorf("a browser that asks before it calls gets %s, %v", resp, err)
	}
	var memory struct {
		Memory struct{ Free, Used, Total, Percent float64 }
	}
	resp, err := ask(t.Context(), "GET", "http://"+s.admin+"/usage", "")
	if err == nil {
		err = json.Unmarshal([]byte(resp.body), &memory)
	}
	if m := memory.Memory; err != nil || m.Used <= 0 || m.Free+m.Used != m.Total || m.Percent <= 0 || m.Percent >= 100 {
		t.Errorf("/usage: %s, %v", resp, err)
	}
}

// caseWorker has what soketi's users start beside their servers, which has nothing to do here, be healthy and no more.
func caseWorker(t *testing.T) {
	a := newPusherApp("a", nil)
	s := prepareServer(t, program, defaults())
	s.env = []string{
		"SOKETI_HOST=127.0.0.1", "SOKETI_MODE=worker", "SOKETI_DEFAULT_APP_ID=" + a.id, "SOKETI_DEFAULT_APP_KEY=" + a.key, "SOKETI_DEFAULT_APP_SECRET=" + a.secret,
	}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	for address, status := range map[string]int{
		s.addr + "/": 200, s.addr + "/ready": 200, s.addr + "/accept-traffic": 200, s.admin + "/ready": 200, s.admin + "/metrics": 200,
		s.addr + "/app/" + a.key: 404, s.addr + signedTarget(a, "GET", "/apps/a/channels", ""): 404,
	} {
		if resp, err := ask(t.Context(), "GET", "http://"+address, ""); err != nil || resp.status != status {
			t.Errorf("%s: %.200s, %v; want %d", address, resp, err, status)
		}
	}
	if c, err := s.dialPusher(t.Context(), a.key); err == nil {
		c.hangUp()
		t.Error("a client is let in")
	}
}

// A soketiFamily is one measure as /metrics?json=1 has it.
type soketiFamily struct {
	Help, Name, Type, Aggregator string
	Values                       []struct {
		Value  float64
		Labels map[string]string
	}
}

// soketiCounts returns soketi's measures of an app, by their names without soketi_.
func soketiCounts(t *testing.T, s *server, a *pusherApp) map[string]float64 {
	t.Helper()
	resp, err := ask(t.Context(), "GET", "http://"+s.admin+"/metrics?json=1", "")
	var families []soketiFamily
	if err == nil {
		err = json.Unmarshal([]byte(resp.body), &families)
	}
	if err != nil {
		t.Fatalf("%s: %v", resp, err)
	}
	text, err := ask(t.Context(), "GET", "http://"+s.admin+"/metrics", "")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		name, ok := strings.CutPrefix(f.Name, "soketi_")
		if !ok || f.Help == "" || f.Aggregator != "sum" || f.Type != "counter" && f.Type != "gauge" && f.Type != "histogram" {
			t.Errorf("a measure %+v", f)
		}
		if !strings.Contains(text.body, "# TYPE "+f.Name+" "+f.Type+"\n") {
			t.Errorf("/metrics has no %s %s", f.Type, f.Name)
		}
		for _, v := range f.Values {
			if v.Labels["app_id"] == a.id && v.Labels["port"] == port {
				values[name] = v.Value
				if series := fmt.Sprintf("%s{app_id=%q,port=%q} ", f.Name, a.id, port); !strings.Contains(text.body, "\n"+series) {
					t.Errorf("/metrics has no %s", series)
				}
			}
		}
	}
	return values
}

func caseH17(t *testing.T) {
	a, b := newPusherApp("a", nil), newPusherApp("b", map[string]any{"max_connections": 2})
	s := servePusher(t, nil, a, b)
	var clients []*pusherTalk
	sent := map[*pusherApp]int{} // frames and bytes that clients sent, and heard
	sentBytes, heard, heardBytes := map[*pusherApp]int{}, map[*pusherApp]int{}, map[*pusherApp]int{}
	for _, app := range []*pusherApp{a, a, a, b, b} {
		c := talk(t, s, app)
		c.subscribe("room")
		clients = append(clients, c)
		subscribe := `{"data":{"channel":"room"},"event":"pusher:subscribe"}`
		greeting := fmt.Sprintf(`{"event":"pusher:connection_established","data":"{\"socket_id\":\"%s\",\"activity_timeout\":30}"}`, c.id)
		sent[app]++
		sentBytes[app] += len(subscribe)
		heard[app] += 2
		heardBytes[app] += len(greeting) + len(pusherSubscribed("room"))
	}
	for range 3 { // who is refused was never connected
		c, err := s.dialPusher(t.Context(), b.key)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.hangUp)
		if err := c.isRefused(t.Context(), 4100, "The current concurrent connections quota has been reached."); err != nil {
			t.Fatal(err)
		}
	}
	event := pusherEvent("room", "e", `"x"`)
	s.triggered(t, a, "room", "e", `"x"`)
	s.triggered(t, a, "room", "e", `"x"`)
	s.reads(t, b, "/channels")
	for _, c := range clients[:3] {
		c.expect(event, event)
		heard[a] += 2
		heardBytes[a] += 2 * len(event)
	}
	bodies := 2 * len(`{"name":"e","channel":"room","data":"x"}`)
	for app, want := range map[*pusherApp]map[string]int{
		a: {"connected": 3, "new_connections_total": 3, "new_disconnections_total": 0, "http_calls_received_total": 2, "http_received_bytes": bodies, "http_transmitted_bytes": 2 * len(`{"ok":true}`)},
		b: {"connected": 2, "new_connections_total": 2, "new_disconnections_total": 0, "http_calls_received_total": 1, "http_received_bytes": 0, "http_transmitted_bytes": len(`{"channels":{"room":{"subscription_count":2,"occupied":true}}}`)},
	} {
		want["ws_messages_received_total"], want["socket_received_bytes"] = sent[app], sentBytes[app]
		want["ws_messages_sent_total"], want["socket_transmitted_bytes"] = heard[app], heardBytes[app]
		got := soketiCounts(t, s, app)
		for name, n := range want {
			if got[name] != float64(n) {
				t.Errorf("%s of %s is %v, want %d", name, app.id, got[name], n)
			}
		}
	}
	for _, c := range clients {
		c.hangUp()
	}
	for _, app := range []*pusherApp{a, b} {
		until(t, "nobody is connected to "+app.id, func() bool {
			n := soketiCounts(t, s, app)["connected"]
			if n < 0 {
				t.Fatalf("connected to %s: %v", app.id, n)
			}
			return n == 0
		})
		if got := soketiCounts(t, s, app); got["new_connections_total"] != got["new_disconnections_total"] {
			t.Errorf("%s: %v", app.id, got)
		}
	}
}
