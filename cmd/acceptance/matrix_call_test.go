package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"dormouse/transport/hotsock"
	"dormouse/transport/pusher"
)

// calls are the commands that the Client HTTP API has too.
var calls = map[string]string{someEvent: "publishMessage", "hotsock.channelStorageSet": "channelStorageSet", "hotsock.channelStorageGet": "channelStorageGet"}

// call asks by HTTP, as the batch's connection.
func (b *batch) call(ctx context.Context, c *cell) (string, error) {
	query := url.Values{"connectionId": {b.id}, "connectionSecret": {b.secret}}
	body := fmt.Sprintf(`{"channel":%q,"event":%q,"key":%q,"data":1}`, c.channel, someEvent, someEvent)
	if c.together {
		body = fmt.Sprintf(`{"channel":%q,"entries":[%s]}`, c.channel, show(together(1)))
	}
	resp, err := b.server.request(ctx, http.MethodPost, "http://"+b.server.addr+"/connection/"+calls[c.command]+"?"+query.Encode(), "", body)
	if err != nil || resp.status < 300 {
		return answerOK, err
	}
	var refused struct{ Error struct{ Code string } }
	err = json.Unmarshal([]byte(resp.body), &refused)
	return refused.Error.Code, err
}

// TestEveryRouteWantsItsCredentials calls everything that the HTTP APIs have with all that must not do.
func TestEveryRouteWantsItsCredentials(t *testing.T) {
	s := serve(t, defaults())
	a := connect(t, s, newTranscript(t), "A", hs256.sign(string(connectToken(`{"uid":"u"}`))))
	secrets := url.Values{"connectionId": {a.id}, "connectionSecret": {a.secret}}.Encode()
	wrong := url.Values{"connectionId": {a.id}, "connectionSecret": {strings.Repeat("x", 20)}}.Encode()
	stranger := url.Values{"connectionId": {"AAAAAAAAAAAAAAA="}, "connectionSecret": {a.secret}}.Encode()
	for _, route := range append(hotsock.Routes(), pusher.ManageCalls()...) {
		method, path, _ := strings.Cut(route, " ")
		client := strings.HasPrefix(path, "/connection/")
		path = strings.ReplaceAll(path, "*", "name")
		for _, c := range []struct {
			name, bearer, query string
			never               bool // nothing is opened by it
		}{
			{"nothing", "", "", true},
			{"half a key", apiKey[:20], "", true},
			{"a key and more", apiKey + "0", "", true},
			{"a connect token", hs256.sign(string(connectToken(`{"uid":"u","channels":{"*":{"getInfo":true}}}`))), "", true},
			{"a subscribe token", hs256.sign(string(subscribeToken(`{"uid":"u"}`))), "", true},
			{"a connection's secret as key", a.secret, "", true},
			{"a wrong secret", "", wrong, true},
			{"another connection's secret", "", stranger, true},
			{"a key where a connection speaks, or a connection where a key does", map[bool]string{true: apiKey}[client], map[bool]string{false: secrets}[client], true},
			{"the first key", apiKey, secrets, false},
			{"the second key", otherAPIKey, secrets, false},
		} {
			if !c.never && strings.HasSuffix(path, "/tail") {
				continue // its answer goes on for as long as somebody reads
			}
			resp, err := s.request(t.Context(), method, "http://"+s.addr+path+"?"+c.query, c.bearer, `{}`)
			if err != nil {
				t.Fatalf("%s with %s: %v", route, c.name, err)
			}
			if refused := resp.status == 401 || resp.status == 403 && c.name != "the first key" && c.name != "the second key"; refused != c.never {
				t.Errorf("%s with %s: %s", route, c.name, resp)
			}
		}
	}
}
