package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

func clientAPICases() []hotsockCase {
	return []hotsockCase{
		{number: 64, rule: "history begins with the subscription", play: case064},
		{number: 65, rule: "historyStart zero opens everything both ways", play: case065},
		{number: 66, rule: "historyStart is inclusive", play: case066},
		{number: 67, rule: "pages of a hundred both ways", play: case067},
		{number: 68, rule: "an expired message is not listed", play: case068},
		{number: 69, rule: "history needs a subscription", play: case069},
		{number: 70, rule: "a wrong secret and a closed connection may not call", play: case070},
		{number: 71, rule: "a page of any origin may call with text", play: case071},
		{number: 91, rule: "entries are listed as far as they may be read", play: case091},
		{number: 92, rule: "a server writes entries by key", play: case092},
		{number: 97, rule: "umd is updated over HTTP", play: case097},
		{number: 98, rule: "getInfo shows who is there", play: case098},
		{number: 100, rule: "an eager id is the one that subscribers see", play: case100},
		{number: 101, rule: "a deduplication id lets one through in its window", settings: settings{"limits.dedup_window": "2s"}, play: case101},
	}
}

// stores publishes messages 1 to n that stay.
func (s *scene) stores(channel string, from, to int) {
	s.t.Helper()
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf(`{"channel":%q,"event":"e","data":%d,"store":100}`, channel, i))
	}
	resp, err := s.server.request(s.t.Context(), "POST", "http://"+s.server.addr+"/publish/batch", apiKey, `{"messages":[`+strings.Join(all, ",")+`]}`)
	if err != nil || resp.status != 200 || strings.Contains(resp.body, "error") {
		s.t.Fatalf("batch: %v %s", err, resp)
	}
}

// lists asks for a page and returns its messages' ids and numbers.
func (s *scene) lists(c *client, body string) (ids []string, numbers []int) {
	s.t.Helper()
	resp, err := s.server.asConnection(s.t.Context(), c, "listMessages", body)
	if err != nil || resp.status != 200 {
		s.t.Fatalf("listMessages %s: %v %s", body, err, resp)
	}
	var page struct{ Messages []listedMessage }
	if err := json.Unmarshal([]byte(resp.body), &page); err != nil {
		s.t.Fatal(err)
	}
	for _, m := range page.Messages {
		ids, numbers = append(ids, m.ID), append(numbers, m.Data)
	}
	return ids, numbers
}

// isRun says whether numbers go from first to last, up or down.
func isRun(numbers []int, first, last int) bool {
	step, n := 1, last-first+1
	if last < first {
		step, n = -1, first-last+1
	}
	for i, number := range numbers {
		if number != first+i*step {
			return false
		}
	}
	return len(numbers) == n
}

func case064(s *scene) {
	s.stores("c64", 1, 3)
	a := s.connect("A", `{"channels":{"c64":{"subscribe":true}}}`)
	s.play(`
		A > sub c64
		A < subscribed c64`)
	s.stores("c64", 4, 5)
	if _, got := s.lists(a, `{"channel":"c64"}`); !isRun(got, 4, 5) {
		s.t.Errorf("listed %v, want 4 and 5", got)
	}
}

func case065(s *scene) {
	s.stores("c65", 1, 3)
	a := s.connect("A", `{"channels":{"c65":{"subscribe":true,"historyStart":0}}}`)
	s.play(`
		A > sub c65
		A < subscribed c65`)
	if _, got := s.lists(a, `{"channel":"c65"}`); !isRun(got, 1, 3) {
		s.t.Errorf("listed %v", got)
	}
	if _, got := s.lists(a, `{"channel":"c65","reverse":true}`); !isRun(got, 3, 1) {
		s.t.Errorf("newest first: %v", got)
	}
}

// case066 takes the moment of a message from its id, and opens history from there and from a moment later.
func case066(s *scene) {
	resp, err := s.server.publish(s.t.Context(), `{"channel":"c66","event":"e","data":1,"store":100,"eagerIdGeneration":true}`)
	if err != nil {
		s.t.Fatal(err)
	}
	var sent struct{ ID string }
	if err := json.Unmarshal([]byte(resp.body), &sent); err != nil {
		s.t.Fatal(err)
	}
	at := must(ulid.ParseStrict(sent.ID)).Time()
	for name, opened := range map[string]uint64{"A": at, "B": at + 1} {
		c := s.connect(name, claims(fmt.Sprintf(`{"channels":{"c66":{"autoSubscribe":true,"historyStart":%d.%03d}}}`, opened/1000, opened%1000)))
		s.play(name + ` < {"event":"hotsock.subscribed","channel":"c66","data":"<any>","meta":"<any>"}`)
		if _, got := s.lists(c, `{"channel":"c66"}`); (len(got) == 1) != (name == "A") {
			s.t.Errorf("a message of %d ms, with history from %d on: %v", at, opened, got)
		}
	}
}

func case067(s *scene) {
	s.stores("c67", 1, 250)
	a := s.connect("A", `{"channels":{"c67":{"autoSubscribe":true,"historyStart":0}}}`)
	s.play(`A < {"event":"hotsock.subscribed","channel":"c67","data":"<any>","meta":"<any>"}`)
	for _, pages := range []struct {
		request string // with the last id of the page before
		runs    [][2]int
	}{
		{`{"channel":"c67","after":%q}`, [][2]int{{1, 100}, {101, 200}, {201, 250}}},
		{`{"channel":"c67","reverse":true,"before":%q}`, [][2]int{{250, 151}, {150, 51}, {50, 1}}},
	} {
		last := ""
		for _, run := range pages.runs {
			ids, got := s.lists(a, fmt.Sprintf(pages.request, last))
			if !isRun(got, run[0], run[1]) {
				s.t.Fatalf("page of %d to %d: %v", run[0], run[1], got)
			}
			last = ids[len(ids)-1]
		}
	}
}

func case068(s *scene) {
	a := s.connect("A", `{"channels":{"c68":{"autoSubscribe":true}}}`)
	s.play(`A < {"event":"hotsock.subscribed","channel":"c68","data":"<any>","meta":"<any>"}`)
	s.answers(202, `"<any>"`)(s.server.publish(s.t.Context(), `{"channel":"c68","event":"e","data":1,"store":1}`))
	s.play(`A < message c68 e 1`)
	s.wait(1100 * time.Millisecond)
	s.answers(200, `{"messages":[]}`)(s.server.asConnection(s.t.Context(), a, "listMessages", `{"channel":"c68"}`))
}

func case069(s *scene) {
	s.stores("c69", 1, 1)
	a := s.connect("A", `{"channels":{"c69":{"subscribe":true,"historyStart":0}}}`)
	s.answers(403, `{"error":{"code":"NOT_SUBSCRIBED","message":"<string>"}}`)(
		s.server.asConnection(s.t.Context(), a, "listMessages", `{"channel":"c69"}`))
}

// clientVerbs are the calls of the Client HTTP API, each with a body that is good.
var clientVerbs = map[string]string{
	"listMessages":       `{"channel":"c70"}`,
	"publishMessage":     `{"channel":"c70","event":"e"}`,
	"channelStorageGet":  `{"channel":"c70","key":"k"}`,
	"channelStorageSet":  `{"channel":"c70","key":"k","data":1}`,
	"channelStorageList": `{"channel":"c70"}`,
	"getChannelInfo":     `{"channel":"c70"}`,
	"umdUpdate":          `{"token":"eyJ"}`,
}

func case070(s *scene) {
	a := s.connect("A", `{"channels":{"c70":{"autoSubscribe":true,"getInfo":true,"messages":{"*":{"publish":true}},"storage":{"*":{"get":true,"set":true}}}}}`)
	s.play(`A < {"event":"hotsock.subscribed","channel":"c70","data":"<any>","meta":"<any>"}`)
	refused := s.answers(401, `{"error":{"code":"UNAUTHORIZED","message":"<string>"}}`)
	wrong := &client{id: a.id, secret: strings.Repeat("x", 20)}
	for verb, body := range clientVerbs {
		if resp, err := s.server.asConnection(s.t.Context(), a, verb, body); err != nil || resp.status == 401 {
			s.t.Errorf("%s: %v %s", verb, err, resp)
		}
		refused(s.server.asConnection(s.t.Context(), wrong, verb, body))
		refused(s.server.request(s.t.Context(), "POST", "http://"+s.server.addr+"/connection/"+verb, "", body))
	}
	a.cut()
	s.eventually("the connection is gone", func() bool {
		resp, err := s.server.asConnection(s.t.Context(), a, "getChannelInfo", `{"channel":"c70"}`)
		return err == nil && resp.status == 401
	})
	for verb, body := range clientVerbs {
		refused(s.server.asConnection(s.t.Context(), a, verb, body))
	}
}

// eventually waits until something holds.
func (s *scene) eventually(what string, holds func() bool) {
	s.t.Helper()
	for until := time.Now().Add(patience); !holds(); s.wait(20 * time.Millisecond) {
		if time.Now().After(until) {
			s.t.Fatalf("it never came about that %s", what)
		}
	}
}

func case071(s *scene) {
	a := s.connect("A", `{"channels":{"c71":{"autoSubscribe":true}}}`)
	s.play(`A < {"event":"hotsock.subscribed","channel":"c71","data":"<any>","meta":"<any>"}`)
	query := url.Values{"connectionId": {a.id}, "connectionSecret": {a.secret}}.Encode()
	for method, want := range map[string]int{"POST": 200, "OPTIONS": 204, "GET": 405} {
		req := must(http.NewRequestWithContext(s.t.Context(), method, "http://"+s.server.addr+"//connection/listMessages?"+query, strings.NewReader(`{"channel":"c71"}`)))
		req.Header.Set("Content-Type", "text/plain;charset=UTF-8")
		req.Header.Set("Origin", "https://app.example")
		resp, err := backend.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want || resp.Header.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(resp.Header.Get("Access-Control-Allow-Methods"), "POST") {
			s.t.Errorf("%s: %d %v", method, resp.StatusCode, resp.Header)
		}
	}
}

func case091(s *scene) {
	var all []string
	for i := range 150 {
		all = append(all, fmt.Sprintf(`{"channel":"c91","event":"hotsock.channelStorageSet","key":"a%03d","data":%d}`, i, i),
			fmt.Sprintf(`{"channel":"c91","event":"hotsock.channelStorageSet","key":"b%03d","data":%d}`, i, i))
	}
	s.answers(200, `"<any>"`)(s.server.request(s.t.Context(), "POST", "http://"+s.server.addr+"/publish/batch", apiKey, `{"messages":[`+strings.Join(all, ",")+`]}`))
	a := s.connect("A", `{"channels":{"c91":{"storage":{"a*":{"get":true}}}}}`)
	list := func(body string) (keys []string) {
		s.t.Helper()
		resp, err := s.server.asConnection(s.t.Context(), a, "channelStorageList", body)
		if err != nil || resp.status != 200 {
			s.t.Fatalf("%s: %v %s", body, err, resp)
		}
		var page struct{ Items []struct{ Key string } }
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil {
			s.t.Fatal(err)
		}
		for _, e := range page.Items {
			keys = append(keys, e.Key)
		}
		return keys
	}
	first := list(`{"channel":"c91"}`)
	rest := list(fmt.Sprintf(`{"channel":"c91","after":%q}`, first[len(first)-1]))
	if len(first) != 100 || len(rest) != 50 || first[0] != "a000" || rest[49] != "a149" {
		s.t.Errorf("pages of %d and %d, from %s to %s", len(first), len(rest), first[0], rest[len(rest)-1])
	}
	if got := list(`{"channel":"c91","keys":["b001","a002","a001","z"]}`); strings.Join(got, ",") != "a001,a002" {
		s.t.Errorf("by key: %v", got)
	}
	many := strings.TrimSuffix(strings.Repeat(`"k",`, 101), ",")
	s.answers(400, `{"error":{"code":"INVALID_MESSAGE","message":"<string>"}}`)(
		s.server.asConnection(s.t.Context(), a, "channelStorageList", `{"channel":"c91","keys":[`+many+`]}`))
}

func case092(s *scene) {
	s.connect("A", `{"channels":{"c92":{"subscribe":true,"storage":{"k":{"observe":true}}}}}`)
	s.play(`
		A > sub c92
		A < subscribed c92`)
	s.answers(400, `{"error":{"code":"INVALID_MESSAGE","message":"<string>"}}`)(
		s.server.publish(s.t.Context(), `{"channel":"c92","event":"hotsock.channelStorageSet","data":1}`))
	s.answers(202, `{"channel":"c92","event":"hotsock.channelStorageSet"}`)(
		s.server.publish(s.t.Context(), `{"channel":"c92","event":"hotsock.channelStorageSet","key":"k","data":{"n":1}}`))
	s.play(`A < entry c92 k {"n":1} ` + nobody)
}

func case097(s *scene) {
	a := s.connect("A", `{"uid":"ann","channels":{"presence.97":{"autoSubscribe":true}}}`)
	s.play(`A < {"event":"hotsock.subscribed","channel":"presence.97","data":"<any>","meta":"<any>"}`)
	token := hs256.sign(string(claims(`{"uid":"ann","umd":7,"channels":{"presence.97":{"umdUpdate":true}}}`).completed("umd")))
	update := func(body string) (response, error) {
		return s.server.asConnection(s.t.Context(), a, "umdUpdate", body)
	}
	s.answers(200, `{}`)(update(fmt.Sprintf(`{"channel":"presence.97","token":%q}`, token)))
	s.play(`A < ` + news("memberUpdated", "presence.97", `{"uid":"ann","umd":7}`, `[{"uid":"ann","umd":7}]`))
	s.answers(403, `{"error":{"code":"UMD_UPDATE_PERMISSION_DENIED","message":"<string>"}}`)(update(fmt.Sprintf(`{"token":%q}`, token)))
	s.answers(403, `{"error":{"code":"INVALID_UMD_TOKEN","message":"<string>"}}`)(update(`{"token":"eyJ"}`))
}

func case098(s *scene) {
	a := s.connect("A", `{"uid":"ann","channels":{"c98*":{"subscribe":true},"c98":{"getInfo":true},"presence.98":{"autoSubscribe":true,"getInfo":true}}}`)
	s.play(`
		A < {"event":"hotsock.subscribed","channel":"presence.98","data":"<any>","meta":"<any>"}
		A > sub c98
		A < subscribed c98 ` + ann)
	ask := func(channel string) (response, error) {
		return s.server.asConnection(s.t.Context(), a, "getChannelInfo", fmt.Sprintf(`{"channel":%q}`, channel))
	}
	s.answers(200, `{"channel":"c98","subscriptionsCount":1}`)(ask("c98"))
	s.answers(200, `{"channel":"presence.98","subscriptionsCount":1,"members":[`+ann+`]}`)(ask("presence.98"))
	s.answers(403, `{"error":{"code":"INFO_PERMISSION_DENIED","message":"<string>"}}`)(ask("c98x"))
}

func case100(s *scene) {
	s.connect("A", `{"channels":{"c100":{"subscribe":true}}}`)
	s.play(`
		A > sub c100
		A < subscribed c100`)
	s.answers(202, `{"channel":"c100","event":"e","id":"$id"}`)(s.server.publish(s.t.Context(), `{"channel":"c100","event":"e","eagerIdGeneration":true}`))
	s.play(`A < {"id":"$id","event":"e","channel":"c100","data":null}`)
}

func case101(s *scene) {
	s.connect("A", `{"channels":{"c101":{"subscribe":true}}}`)
	s.play(`
		A > sub c101
		A < subscribed c101`)
	publish := func(data int) {
		s.t.Helper()
		s.answers(202, `{"channel":"c101","event":"e"}`)(s.server.publish(s.t.Context(), fmt.Sprintf(`{"channel":"c101","event":"e","data":%d,"deduplicationId":"d"}`, data)))
	}
	publish(1)
	publish(2)
	s.play(`
		A < message c101 e 1
		A ∅`)
	s.wait(2 * time.Second)
	publish(3)
	s.play(`A < message c101 e 3`)
}
