package pusher

import (
	"strings"
	"testing"
	"time"

	"dormouse/claims"
)

// FuzzCallAuth reads queries and paths of nobody's. None of them is signed; and what an app signs is taken, however it
// is escaped on its way.
func FuzzCallAuth(f *testing.F) {
	f.Add("POST", "/apps/app-id/events", vectorPost, vectorBody)
	f.Add("GET", "/apps/app-id/channels", vectorGet, "")
	f.Add("GET", "/apps/a%20b/channels", "auth_key=app-key&auth_version=1.0&f=a+b%2Bc%&&=&a", "")
	f.Add("GET", "", "%zz=%zz&auth_signature&auth_signature=1", "x")
	app := &claims.App{ID: "app-id", Key: "app-key", Secret: "another secret", Enabled: true}
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		ps, refused := readParams(query)
		if refused != nil {
			if strings.Count(query, "&") < maxParams {
				t.Errorf("%d parameters are too many", strings.Count(query, "&")+1)
			}
			return
		}
		_ = ps.check(app, time.Unix(1353088179, 0), 600*time.Second)
		if ps.verify(app, method, path, []byte(body)) == nil {
			t.Fatalf("%s %s?%s is signed", method, path, query)
		}
		if _, given := ps.find("body_md5"); given || body != "" {
			return
		}
		for _, raw := range []bool{false, true} {
			sum := sign(app.Secret, method, "\n", path, "\n", ps.joined(raw))
			signed, refused := readParams(query + "&auth_signature=" + string(sum[:]))
			if refused == nil && signed.get("auth_signature") == string(sum[:]) && signed.verify(app, method, path, nil) != nil {
				t.Errorf("what was signed is refused: %s?%s, raw %v", path, query, raw)
			}
		}
	})
}

// FuzzAdmit has subscribes and sign-ins of every shape judged, signed or not.
func FuzzAdmit(f *testing.F) {
	for _, seed := range [][2]string{
		{"private-a", ""}, {"presence-a", `{"user_id":"u","user_info":{"n":1}}`}, {"presence-a", `{"user_id":7}`}, {"#server-to-user-1", ""},
		{"room", "x"}, {"presence-cache-ü", `{"user_id":"\ud83d"}`}, {"private-encrypted-", `{"id":"1","watchlist":["7",8,null]}`},
	} {
		f.Add(seed[0], seed[1])
	}
	app := testApp()
	f.Fuzz(func(t *testing.T, name, data string) {
		c := &client{app: app, key: app.Key, socketID: "1.2"}
		if _, refused := c.admit(&subscribe{channel: name, data: data, hasData: data != "", auth: "a-key:" + strings.Repeat("0", 64)}); refused == nil && kindOf(name).auth {
			t.Errorf("%q is open to all", name)
		}
		cmd := &subscribe{channel: name, data: data, hasData: true, auth: authOf(app, "1.2:"+name+":"+data)}
		m, refused := c.admit(cmd)
		if refused == nil && kindOf(name).members && (m.UID == "" || len(m.UMD) > 2048) {
			t.Errorf("%q with %q has the member %+v", name, data, m)
		}
		if u, _, refused := c.signIn(&signin{auth: authOf(app, "1.2::user::"+data), data: data}); refused == nil && (u.id == "" || len(u.watchlist) > maxWatchlist) {
			t.Errorf("%q makes %+v", data, u)
		}
	})
}
