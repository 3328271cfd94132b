package claims

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScan(t *testing.T) {
	for _, tt := range []struct {
		rule, text string
		says       string // "" if it passes
	}{
		{"an empty object", `{}`, ""},
		{"white space anywhere", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n", ""},
		{"nesting up to the bound", `{"a":[[1]]}`, ""},
		{"nesting beyond", `{"a":[[[]]]}`, "deeper than 3"},
		{"names and values up to the bound", `{"a":1,"b":[1,1,1,1,1]}`, ""},
		{"names and values beyond", `{"a":1,"b":[1,1,1,1,1,1]}`, "more than 10"},
		{"equal names in different objects", `{"a":{"b":1},"c":{"b":1}}`, ""},
		{"a name twice", `{"a":1,"a":1}`, "twice"},
		{"a name twice, deep", `{"a":[{"b":1,"b":2}]}`, "twice"},
		{"a name twice, escaped", `{"é":1,"\u00e9":2}`, "twice"},
		{"names in two cases", `{"a":1,"A":2}`, ""},
		{"a pair of surrogates", `{"a":"\ud83d\ude00"}`, ""},
		{"a lone surrogate", `{"a":"\ud83d"}`, "valid JSON"},
		{"bytes that are not UTF-8", "{\"a\":\"\xc3\x28\"}", "valid JSON"},
		{"numbers of any size", `{"a":1e999,"b":123456789012345678901234567890}`, ""},
		{"a list", `[]`, "not a JSON object"},
		{"nothing", ``, "not a JSON object"},
		{"white space only", `  `, "not a JSON object"},
		{"two objects", `{}{}`, "after"},
		{"an object and rubbish", `{}x`, "after"},
		{"an object cut short", `{"a":`, "cut short"},
		{"a string cut short", `{"a":"x`, "cut short"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			err := scan([]byte(tt.text), 3, 10)
			if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

func TestScanErrorsQuoteNothing(t *testing.T) {
	for _, text := range []string{`{"secret":1,"secret":2}`, `{"secret":secret}`, "{\"secret\xff\":1}", `{"a":{"secret":[1,}}`} {
		if err := scan([]byte(text), 8, 100); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// rebuild walks a scanned text with members and elements and decodes each leaf.
func rebuild(r raw) any {
	switch {
	case r.isObject():
		m := map[string]any{}
		for name, value := range r.members() {
			m[string(name)] = rebuild(value)
		}
		return m
	case r.isArray():
		a := []any{}
		for e := range r.elements() {
			a = append(a, rebuild(e))
		}
		return a
	case r.isNull():
		return nil
	}
	if s, ok := r.text(); ok {
		return s
	}
	if b, ok := r.boolean(); ok {
		return b
	}
	return json.Number(r)
}

// What scan lets through, the walk reads as the standard library does; and what that calls broken,
// scan refuses. Nothing panics.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{}`, chatChannels, `{"a":"\"}],{[","b":[{},[],"",-1.5e-7,null,true]}`, `{"\u0061":1,"a":2}`,
		"{\"a\xff\":1}", `{"a":"\ud800"}`, `{"a":"\\"}`, ` { "a" : [ ] } `, `{"a":[[[[1]]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := scan(text, 32, 2048); err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil || !utf8.Valid(text) {
			t.Fatalf("passed %q: %v", text, err)
		}
		got, want2 := must(json.Marshal(rebuild(trim(text)))), must(json.Marshal(want))
		if !bytes.Equal(got, want2) {
			t.Errorf("read %q as %s, want %s", text, got, want2)
		}
	})
}

// Any payload, well signed: no panic, a reason, and what is accepted answers every question.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(chatChannels), "room.7", "chat")
	f.Add([]byte(`{"c":{"alias":"x","historyStart":1e3,"storage":{"*":{"store":-1,"scheduleBefore":0}}}}`), "x", "k")
	f.Add([]byte(`{"#regex:^(a|b)*$":{"subscribe":true,"messages":{"#regex:.":{"react":["x"]}}}}`), "ab", "e")
	v := hs256().verifier(f, Options{})
	f.Fuzz(func(t *testing.T, text []byte, name, inner string) {
		payload := `{"exp":9999999999,"scope":"connect","uid":"u","channels":` + string(text) + `}`
		c, err := v.Verify(hs256().sign(`{"alg":"HS256"}`, payload), ScopeConnect, now)
		if err != nil {
			if ReasonOf(err) == "" {
				t.Errorf("no reason in %v", err)
			}
			return
		}
		l := Layers{Subscribe: c, Connect: c}
		channel, _ := l.Resolve(name)
		for _, grant := range []*ChannelGrant{l.Channel(channel), Layers{Connect: c}.Channel(name)} {
			event, key := grant.Event(inner), grant.Key(inner)
			if event.Broadcast && !event.Publish {
				t.Error("broadcast without publish")
			}
			if event.Store < -1 || event.Store > MaxStore || key.Store < -1 || key.Store == 0 || key.Store > MaxStore {
				t.Errorf("store %d and %d", event.Store, key.Store)
			}
			if key.Observe && !grant.ObservesAny() {
				t.Error("observes what ObservesAny denies")
			}
		}
		for _, name := range c.AutoSubscribes() {
			if !(Layers{Connect: c}).Channel(name).Subscribe() {
				t.Errorf("auto-subscribes to %q, which it may not", name)
			}
		}
	})
}

// Any text as a token, and any text as the header of a signed one.
func FuzzVerify(f *testing.F) {
	v := hs256().verifier(f, Options{})
	f.Add(hs256().token(connect(nil)), `{"alg":"HS256","typ":"JWT"}`)
	f.Add("..", `{"alg":"none"}`)
	f.Add("a.b.c", `{"alg":"HS256","crit":["b64"]}`)
	f.Fuzz(func(t *testing.T, token, header string) {
		if c, err := v.Verify(token, ScopeConnect, now); (c == nil) != (ReasonOf(err) != "") {
			t.Errorf("%v, %v", c, err)
		}
		c, err := v.Verify(hs256().sign(header, `{"exp":9999999999,"scope":"connect"}`), ScopeConnect, now)
		if (c == nil) != (ReasonOf(err) != "") {
			t.Errorf("%v, %v", c, err)
		}
		if c != nil && !strings.Contains(header, "HS256") && !strings.Contains(header, `\`) {
			t.Errorf("accepted with header %s", header)
		}
	})
}
