package acceptance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"dormouse/transport/hotsock"
)

// A refusing is a way to be refused with a code: over a WebSocket, where told is the error frame, or over HTTP.
type refusing struct {
	settings settings // the server's; nil: any
	build    *build   // nil: the right one
	frame    func(s *scene) []byte
	call     func(s *scene) (response, error)
}

// codeWays has at least one way to each code, those of HTTP with the status that the code's row has.
var codeWays = map[string][]refusing{
	"INVALID_MESSAGE":     {{frame: answered(`{"event":1}`)}, {call: publishes(`[]`)}},
	"INVALID_CHANNEL":     {{frame: answered(`{"event":"hotsock.subscribe","channel":"a b"}`)}, {call: publishes(`{"channel":"a b","event":"e"}`)}},
	"INVALID_EVENT":       {{frame: answered(`{"event":"a*","channel":"all"}`)}, {call: publishes(`{"channel":"c","event":"a*"}`)}},
	"INVALID_STORAGE_KEY": {{frame: answered(`{"event":"hotsock.channelStorageSet","channel":"all","key":"a b","data":1}`)}, {call: publishes(`{"channel":"c","event":"hotsock.channelStorageSet","key":"a b"}`)}},
	"INVALID_STORE":       {{call: publishes(`{"channel":"c","event":"e","store":-2}`)}},
	"INVALID_SCHEDULE":    {{frame: answered(`{"event":"later","channel":"all","scheduleExpression":"at(noon)"}`)}, {call: publishes(`{"channel":"c","event":"e","scheduleExpression":"at(noon)"}`)}},
	"INVALID_REACTION":    {{frame: answered(`{"event":"hotsock.messageReaction","channel":"all","data":{}}`)}, {call: publishes(`{"channel":"c","event":"hotsock.messageReaction","uid":"u","data":{}}`)}},
	"UNKNOWN_EVENT":       {{frame: answered(`{"event":"hotsock.nothing","channel":"all"}`)}},
	"BAD_REQUEST":         {{call: opens("", "Sec-WebSocket-Key", "short")}},
	"DATA_TOO_LARGE":      {{frame: answered(`{"event":"e","channel":"all","data":"` + strings.Repeat("x", 256<<10) + `"}`)}, {call: publishes(`{"channel":"c","event":"e","data":"` + strings.Repeat("x", 256<<10) + `"}`)}},
	"BODY_TOO_LARGE":      {{call: publishes(strings.Repeat(" ", 512<<10))}},
	"URL_TOO_LONG":        {{call: opens(strings.Repeat("t", 67<<10))}},

	"INVALID_CONNECT_TOKEN":     {{call: opens("no.token.atall")}},
	"CONNECT_PERMISSION_DENIED": {{call: func(s *scene) (response, error) { return opens(hs256.sign(string(subscribeToken(`{"uid":"u"}`))))(s) }}},
	"INVALID_SUBSCRIBE_TOKEN":   {{frame: answered(`{"event":"hotsock.subscribe","channel":"none","data":{"token":"no.token.atall"}}`)}},
	"INVALID_UMD_TOKEN":         {{frame: answered(`{"event":"hotsock.umdUpdate","channel":"all","data":{"token":"no.token.atall"}}`)}, {call: asClient("umdUpdate", `{"token":"no.token.atall"}`)}},
	"UNAUTHORIZED": {
		{call: func(s *scene) (response, error) {
			return s.server.request(s.t.Context(), "POST", "http://"+s.server.addr+"/publish", "", "{}")
		}},
		{call: func(s *scene) (response, error) {
			c := codeClient(s)
			c.secret = "guessed"
			return s.server.asConnection(s.t.Context(), c, "getChannelInfo", `{"channel":"all"}`)
		}},
	},
	"ORIGIN_DENIED": {{settings: settings{"origins": []string{"https://good.example.com"}}, call: opens("", "Origin", "https://bad.example.com")}},

	"SUBSCRIBE_PERMISSION_DENIED": {{frame: answered(`{"event":"hotsock.subscribe","channel":"none"}`)}},
	"PUBLISH_PERMISSION_DENIED":   {{frame: answered(`{"event":"e","channel":"none"}`)}, {call: asClient("publishMessage", `{"channel":"none","event":"e"}`)}},
	"STORAGE_PERMISSION_DENIED":   {{frame: answered(`{"event":"hotsock.channelStorageGet","channel":"none","key":"k"}`)}, {call: asClient("channelStorageSet", `{"channel":"none","key":"k","data":1}`)}},
	"REACTION_PERMISSION_DENIED": {
		{frame: reactsTo("all", "silent", "👍")},
		{call: func(s *scene) (response, error) {
			codeClient(s) // who came later would not see the message
			return reactsAsClient(s, "all", stores(s, "all", "silent"), "👍")
		}},
	},
	"REACTION_USER_ID_REQUIRED": {{frame: func(s *scene) []byte {
		s.connect("nobody", codeRights)
		s.play("nobody > sub all\n nobody < subscribed all")
		return answerTo(s.clients["nobody"], reacting("all", stores(s, "all", "loved"), "👍", "add"))
	}}},
	"SCHEDULE_PERMISSION_DENIED": {{frame: answered(`{"event":"e","channel":"all","scheduleExpression":"at(2033-01-01T00:00:00)"}`)},
		{call: asClient("publishMessage", `{"channel":"all","event":"e","scheduleExpression":"at(2033-01-01T00:00:00)"}`)}},
	"INFO_PERMISSION_DENIED": {{call: asClient("getChannelInfo", `{"channel":"none"}`)}},
	"UMD_UPDATE_PERMISSION_DENIED": {
		{frame: func(s *scene) []byte {
			return answerTo(codeClient(s), fmt.Sprintf(`{"event":"hotsock.umdUpdate","channel":"all","data":{"token":%q}}`, umdWithoutRights()))
		}},
		{call: func(s *scene) (response, error) {
			return asClient("umdUpdate", fmt.Sprintf(`{"token":%q}`, umdWithoutRights()))(s)
		}},
	},
	"NOT_SUBSCRIBED":     {{frame: answered(`{"event":"hotsock.unsubscribe","channel":"none"}`)}, {call: asClient("listMessages", `{"channel":"none"}`)}},
	"ALREADY_SUBSCRIBED": {{frame: answered(`{"event":"hotsock.subscribe","channel":"all"}`)}},
	"PRESENCE_CHANNEL_USER_ID_REQUIRED": {{frame: func(s *scene) []byte {
		return answerTo(s.connect("nobody", codeRights), `{"event":"hotsock.subscribe","channel":"presence.all"}`)
	}}},
	"PRESENCE_CHANNEL_CAPACITY_REACHED": {
		{settings: settings{"limits.presence_size": 64}, frame: func(s *scene) []byte {
			s.connect("first", codeUser)
			s.play("first > sub presence.all\n first < " + `{"event":"hotsock.subscribed","channel":"presence.all","data":"<any>","meta":"<any>"}`)
			return answerTo(s.connect("second", claims(strings.Replace(string(codeUser), `"u"`, `"`+strings.Repeat("v", 64)+`"`, 1))), `{"event":"hotsock.subscribe","channel":"presence.all"}`)
		}},
		{settings: settings{"limits.presence_size": 64}, call: func(s *scene) (response, error) {
			c := s.connect("first", codeUser)
			s.play("first > sub presence.all\n first < " + `{"event":"hotsock.subscribed","channel":"presence.all","data":"<any>","meta":"<any>"}`)
			token := hs256.sign(string(claims(`{"uid":"u","umd":"` + strings.Repeat("x", 64) + `","channels":{"presence.all":{"umdUpdate":true}}}`).completed("umd")))
			return s.server.asConnection(s.t.Context(), c, "umdUpdate", fmt.Sprintf(`{"channel":"presence.all","token":%q}`, token))
		}},
	},
	"REACTION_CAPACITY_REACHED": {
		{settings: settings{"limits.reaction_kinds": 1}, frame: func(s *scene) []byte {
			c := codeClient(s)
			id := stores(s, "all", "loved")
			c.send(reacting("all", id, "👍", "add"))
			return answerTo(c, reacting("all", id, "👎", "add"))
		}},
		{settings: settings{"limits.reaction_kinds": 1}, call: func(s *scene) (response, error) {
			codeClient(s)
			id := stores(s, "all", "loved")
			if resp, err := reactsAsClient(s, "all", id, "👍"); err != nil || resp.status != 202 {
				return resp, err
			}
			return reactsAsClient(s, "all", id, "👎")
		}},
	},

	"NOT_FOUND": {{call: asks("GET", "/nowhere")}, {call: asks("GET", "/channels/c/storage/nothing")}, {call: asks("GET", "/events/dead")}},
	"SCHEDULE_CAPACITY_REACHED": {{call: func(s *scene) (response, error) {
		message := `{"channel":"full","event":"e","scheduleExpression":"at(2033-01-01T00:00:00)"}`
		batch := `{"messages":[` + message + strings.Repeat(","+message, 999) + `]}`
		for range 10 {
			resp, err := s.manages("POST", "/publish/batch", batch)
			if err != nil || resp.status != 200 || strings.Contains(resp.body, `"error"`) {
				return resp, err
			}
		}
		return publishes(message)(s)
	}}},
	"SCHEDULE_NOT_FOUND":   {{call: asks("GET", "/schedules/nothing")}, {call: asks("DELETE", "/schedules/01JZ8Y4K3V9Q7ERTYCDEFGHJKM")}},
	"CONNECTION_NOT_FOUND": {{call: asks("GET", "/connections/nobody")}, {call: asks("DELETE", "/connections/nobody")}},
	"STORAGE_CONFLICT": {{frame: answered(`{"event":"hotsock.channelStorageSet","channel":"all","key":"k","data":1,"ifVersion":7}`)},
		{call: publishes(`{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":1,"ifVersion":7}`)}},
	"STORAGE_NOT_A_NUMBER": {
		{frame: func(s *scene) []byte {
			c := codeClient(s)
			c.send(`{"event":"hotsock.channelStorageSet","channel":"all","key":"text","data":"x"}`)
			return answerTo(c, `{"event":"hotsock.channelStorageSet","channel":"all","key":"text","increment":1}`)
		}},
		{call: func(s *scene) (response, error) {
			s.answers(202, `"<any>"`)(publishes(`{"channel":"c","event":"hotsock.channelStorageSet","key":"text","data":"x"}`)(s))
			return publishes(`{"channel":"c","event":"hotsock.channelStorageSet","key":"text","increment":1}`)(s)
		}},
	},
	"MESSAGE_NOT_FOUND": {{frame: func(s *scene) []byte {
		return answerTo(codeClient(s), reacting("all", "01JZ8Y4K3V9Q7ERTYCDEFGHJKM", "👍", "add"))
	}}, {call: asks("DELETE", "/channels/c/messages/01JZ8Y4K3V9Q7ERTYCDEFGHJKM")}},
	"METHOD_NOT_ALLOWED": {{call: asks("PUT", "/publish")}, {call: asks("POST", "/v1")}},
	"UPGRADE_REQUIRED":   {{call: asks("GET", "/v1")}},
	"RATE_LIMITED": {
		{settings: settings{"limits.frame_rate": 0.01}, frame: func(s *scene) []byte {
			c := s.connect("hasty", codeUser)
			c.send(`{"event":"hotsock.heartbeat"}`)
			return answerTo(c, `{"event":"hotsock.heartbeat"}`)
		}},
		{settings: settings{"limits.connect_rate": 0.01}, call: func(s *scene) (response, error) {
			s.connect("hasty", codeUser)
			return opens("")(s)
		}},
	},
	"UNAVAILABLE": {{settings: settings{"limits.connections": 1}, call: func(s *scene) (response, error) {
		s.connect("first", codeUser)
		return opens(hs256.sign(string(connectToken(codeUser))))(s)
	}}},
	"STORAGE_READ_ONLY": {
		{settings: settings{"storage.read_only_at": "0.0001%"}, frame: answered(`{"event":"hotsock.channelStorageSet","channel":"all","key":"k","data":1}`)},
		{settings: settings{"storage.read_only_at": "0.0001%"}, call: publishes(`{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":1}`)},
	},
	"INTERNAL_ERROR": {
		{build: baitPanic, frame: func(s *scene) []byte {
			return answerTo(s.connect("unlucky", codeUser), `{"event":"hotsock.channelStorageGet","channel":"panic.x","key":"k"}`)
		}},
		{build: baitPanic, call: asks("GET", "/channels/panic.x")},
	},
}

// codeRights are those of everybody who is refused for another reason.
const codeRights claims = `{"channels":{
	"all":{"subscribe":true,"getInfo":true,"storage":{"*":{"get":true,"set":true}},
		"messages":{"*":{"publish":true},"later":{"scheduleBefore":2000000000},"silent":{"react":false},"loved":{"react":true}}},
	"presence.all":{"subscribe":true},"panic.*":{"storage":{"*":{"get":true}}}}}`

var codeUser = `{"uid":"u",` + codeRights[1:]

// codeClient is somebody who is subscribed.
func codeClient(s *scene) *client {
	s.t.Helper()
	if c := s.clients["A"]; c != nil {
		return c
	}
	c := s.connect("A", codeUser)
	s.play("A > sub all\n A < " + `{"event":"hotsock.subscribed","channel":"all","data":{},"meta":"<any>"}`)
	return c
}

func umdWithoutRights() string {
	return hs256.sign(string(claims(`{"uid":"u","umd":1}`).completed("umd")))
}

// answerTo sends a frame with a ref and returns the error that repeats it, or what else it is answered with.
func answerTo(c *client, text string) []byte {
	c.t.Helper()
	c.send(text[:len(text)-1] + `,"ref":"the code"}`)
	for {
		frame, err := c.next(patience)
		if err != nil {
			c.t.Fatal(err)
		}
		if strings.Contains(string(frame), `"ref":"the code"`) {
			return frame
		}
	}
}

func answered(frame string) func(s *scene) []byte {
	return func(s *scene) []byte { return answerTo(codeClient(s), frame) }
}

func publishes(body string) func(s *scene) (response, error) {
	return func(s *scene) (response, error) { return s.server.publish(s.t.Context(), body) }
}

func asks(method, path string) func(s *scene) (response, error) {
	return func(s *scene) (response, error) { return s.manages(method, path, "{}") }
}

func asClient(verb, body string) func(s *scene) (response, error) {
	return func(s *scene) (response, error) {
		return s.server.asConnection(s.t.Context(), codeClient(s), verb, body)
	}
}

func reactsTo(channel, event, reaction string) func(s *scene) []byte {
	return func(s *scene) []byte {
		return answerTo(codeClient(s), reacting(channel, stores(s, channel, event), reaction, "add"))
	}
}

func reactsAsClient(s *scene, channel, id, reaction string) (response, error) {
	return s.server.asConnection(s.t.Context(), codeClient(s), "publishMessage", reacting(channel, id, reaction, "add"))
}

// opens asks for a WebSocket with a token and other headers than a good request has.
func opens(token string, headers ...string) func(s *scene) (response, error) {
	return func(s *scene) (response, error) {
		req, err := http.NewRequestWithContext(s.t.Context(), "GET", "http://"+s.server.addr+"/v1?token="+url.QueryEscape(token), nil)
		if err != nil {
			return response{}, err
		}
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			req.Header.Set(name, value)
		}
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		resp, err := backend.Do(req)
		if err != nil {
			return response{}, err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return response{resp.StatusCode, resp.Header, string(text)}, err
	}
}

// codeSentence is what the message of a refusal looks like: sentences for people.
var codeSentence = regexp.MustCompile(`^[A-Za-z].*[.]$`)

// TestEveryCodeCanBeMet meets every code of the table over a real wire, in the form that the protocol's
// errors have, with a message that is for people and says nothing of our insides.
func TestEveryCodeCanBeMet(t *testing.T) {
	shared := newFleet(t)
	known := map[string]bool{}
	for _, code := range hotsock.Codes {
		known[code.Name] = true
		ways := codeWays[code.Name]
		if len(ways) == 0 {
			t.Errorf("nothing here is refused with %s", code.Name)
		}
		for i, way := range ways {
			t.Run(fmt.Sprintf("%s_%d", code.Name, i+1), func(t *testing.T) {
				t.Parallel()
				var srv *server
				var err error
				switch {
				case way.build != nil:
					srv, err = newServer(t, way.build, defaults())
				case way.settings != nil:
					srv, err = newServer(t, program, defaults().with(way.settings))
				default:
					srv, err = shared.server(defaults())
				}
				if err != nil {
					t.Fatal(err)
				}
				s := newScene(t, srv)
				var told struct {
					Event, Ref string
					Error      struct{ Code, Message string }
				}
				text := ""
				if way.frame != nil {
					text = string(way.frame(s))
				} else {
					resp, err := way.call(s)
					if err != nil {
						t.Fatal(err)
					}
					if resp.status != code.Status || resp.header.Get("Content-Type") != "application/json" {
						t.Errorf("answered %d as %q, want %d as application/json", resp.status, resp.header.Get("Content-Type"), code.Status)
					}
					if wait := resp.header.Get("Retry-After"); (code.Status == 429 || code.Status == 503) != (wait != "") {
						t.Errorf("%d has Retry-After %q", code.Status, wait)
					}
					text = resp.body
				}
				if err := json.Unmarshal([]byte(text), &told); err != nil {
					t.Fatalf("%v in %s", err, text)
				}
				if way.frame != nil && told.Event != "hotsock.error" {
					t.Fatalf("answered with %s", text)
				}
				if told.Error.Code != code.Name || !codeSentence.MatchString(told.Error.Message) || strings.Contains(told.Error.Message, "panic") {
					t.Errorf("told %s, want %s and a sentence", text, code.Name)
				}
			})
		}
	}
	for name := range codeWays {
		if !known[name] {
			t.Errorf("%s is no code of the table", name)
		}
	}
}
