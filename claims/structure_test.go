package claims

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestStructuralFaultsRefuseTheToken(t *testing.T) {
	long := strings.Repeat("x", 129)
	channel := func(directives string) claimsJSON { return channels(`{"c":` + directives + `}`) }
	message := func(directives string) claimsJSON { return channel(`{"messages":{"m":` + directives + `}}`) }
	storage := func(directives string) claimsJSON { return channel(`{"storage":{"k":` + directives + `}}`) }
	for _, tt := range []struct {
		rule   string
		claims claimsJSON
		says   string // "" if the token is good
	}{
		{"singleUse needs jti", claimsJSON{"singleUse": true}, "jti"},
		{"singleUse needs a jti that is not empty", claimsJSON{"singleUse": true, "jti": ""}, "jti"},
		{"singleUse false needs none", claimsJSON{"singleUse": false}, ""},
		{"jti is a string", claimsJSON{"jti": 7}, "jti"},
		{"jti of 256 bytes", claimsJSON{"jti": strings.Repeat("j", 256)}, ""},
		{"jti of 257 bytes", claimsJSON{"jti": strings.Repeat("j", 257)}, "jti"},
		{"heartbeatTimeout 4", claimsJSON{"heartbeatTimeout": 4}, "heartbeatTimeout"},
		{"heartbeatTimeout 5", claimsJSON{"heartbeatTimeout": 5}, ""},
		{"heartbeatTimeout 600", claimsJSON{"heartbeatTimeout": 600}, ""},
		{"heartbeatTimeout 601", claimsJSON{"heartbeatTimeout": 601}, "heartbeatTimeout"},
		{"heartbeatTimeout 5.5", claimsJSON{"heartbeatTimeout": 5.5}, "heartbeatTimeout"},
		{"heartbeatTimeout 6.0", claimsJSON{"heartbeatTimeout": json.RawMessage("6.0")}, ""},
		{"heartbeatTimeout text", claimsJSON{"heartbeatTimeout": "30"}, "heartbeatTimeout"},
		{"keepAlive 1", claimsJSON{"keepAlive": 1}, "keepAlive"},
		{"keepAlive null", claimsJSON{"keepAlive": nil}, "keepAlive"},
		{"umdUpdate text", claimsJSON{"umdUpdate": "true"}, "umdUpdate"},
		{"umdPropagate a list", claimsJSON{"umdPropagate": []bool{true}}, "umdPropagate"},
		{"singleUse text", claimsJSON{"singleUse": "true", "jti": "j"}, "singleUse"},
		{"uid of 128 characters", claimsJSON{"uid": strings.Repeat("é", 128)}, ""},
		{"uid of 129 characters", claimsJSON{"uid": long}, "uid has 129"},
		{"uid a number", claimsJSON{"uid": 42}, "uid must be"},
		{"umd of 1,024 bytes", claimsJSON{"umd": strings.Repeat("x", 1022)}, ""},
		{"umd of 1,025 bytes", claimsJSON{"umd": strings.Repeat("x", 1023)}, "umd has 1025"},
		{"umd is measured without white space", claimsJSON{"umd": json.RawMessage("[" + strings.Repeat(" ", 1500) + "]")}, ""},
		{"umd may be anything", claimsJSON{"umd": []any{1, "x", nil, true}}, ""},
		{"connectionId a number", claimsJSON{"connectionId": 1}, "connectionId must be"},
		{"unknown claims are ignored", claimsJSON{"sub": 1, "KeepAlive": 1, "HEARTBEATTIMEOUT": 1}, ""},

		{"channels is an object", claimsJSON{"channels": []string{"c"}}, "channels must be"},
		{"channels may be empty", channels(`{}`), ""},
		{"a channel is an object", channel(`true`), "must be an object"},
		{"unknown directives are ignored", channel(`{"Subscribe":1,"sendMessages":1,"subscriptionsCountStat":1}`), ""},
		{"an expression that does not compile", channels(`{"#regex:(":{"subscribe":true}}`), "does not compile"},
		{"an event expression that does not compile", channel(`{"messages":{"#regex:[":{}}}`), "does not compile"},
		{"a storage expression that does not compile", channel(`{"storage":{"#regex:a{2,1}":{}}}`), "does not compile"},
		{"a channel with a stray hash", channels(`{"#a":{}}`), "starts with '#'"},
		{"an event with a stray hash", channel(`{"messages":{"#a":{}}}`), "starts with '#'"},
		{"a storage key with a stray hash", channel(`{"storage":{"#a":{}}}`), "starts with '#'"},
		{"a channel key over 1 KiB", channels(`{"` + strings.Repeat("a", 1025) + `":{}}`), "1024 bytes"},
		{"an event key over 1 KiB", channel(`{"messages":{"` + strings.Repeat("a", 1025) + `":{}}}`), "1024 bytes"},
		{"a key that names nothing", channels(`{"a b":{},"":{}}`), ""},
		{"100 wildcards", claimsJSON{"channels": wildcards(100)}, ""},
		{"101 wildcards", claimsJSON{"channels": wildcards(101)}, "more than 100"},
		{"32 expressions", claimsJSON{"channels": expressions(32)}, ""},
		{"33 expressions", claimsJSON{"channels": expressions(33)}, "more than 32"},
		{"33 expressions in different places", channels(`{"#regex:a":{"messages":` + objects(16) + `,"storage":` + objects(16) + `}}`), "more than 32"},

		{"subscribe is a boolean", channel(`{"subscribe":"true"}`), `channels "c": subscribe must be true or false`},
		{"subscribe is not null", channel(`{"subscribe":null}`), "subscribe must be"},
		{"subscribe is not 1", channel(`{"subscribe":1}`), "subscribe must be"},
		{"getInfo is a boolean", channel(`{"getInfo":1}`), "getInfo"},
		{"omitFromSubCount is a boolean", channel(`{"omitFromSubCount":[]}`), "omitFromSubCount"},
		{"umdUpdate is a boolean", channel(`{"umdUpdate":{}}`), "umdUpdate"},
		{"historyStart is a date", channel(`{"historyStart":"0"}`), "historyStart"},
		{"historyStart 0", channel(`{"historyStart":0}`), ""},
		{"historyStart in milliseconds", channel(`{"historyStart":1800000000000}`), "historyStart"},
		{"autoSubscribe on an exact name", channel(`{"autoSubscribe":true}`), ""},
		{"autoSubscribe on a wildcard", channels(`{"c*":{"autoSubscribe":true}}`), "autoSubscribe is for exact"},
		{"autoSubscribe on an expression", channels(`{"#regex:c":{"autoSubscribe":true}}`), "autoSubscribe is for exact"},
		{"autoSubscribe false on a wildcard", channels(`{"c*":{"autoSubscribe":false}}`), ""},
		{"alias on an exact name", channel(`{"alias":"me"}`), ""},
		{"alias on a wildcard", channels(`{"a.*":{"alias":"x"}}`), "alias is for exact"},
		{"alias on an expression", channels(`{"#regex:a":{"alias":"x"}}`), "alias is for exact"},
		{"alias is a channel name", channel(`{"alias":"a b"}`), "channel name"},
		{"alias is not empty", channel(`{"alias":""}`), "channel name"},
		{"alias is a string", channel(`{"alias":1}`), "alias must be"},
		{"alias equal to another key", channels(`{"a":{"alias":"b"},"b":{}}`), "channel key of the same token"},
		{"alias equal to its own key", channels(`{"a":{"alias":"a"}}`), "channel key of the same token"},
		{"alias that a wildcard matches", channels(`{"a":{"alias":"bc"},"b*":{}}`), ""},
		{"two equal aliases", channels(`{"a":{"alias":"x"},"b":{"alias":"x"}}`), "given twice"},

		{"messages is an object", channel(`{"messages":[]}`), "messages must be an object"},
		{"an event is an object", message(`true`), "must be an object"},
		{"publish is a boolean", message(`{"publish":"yes"}`), `messages "m": publish`},
		{"broadcast is a boolean", message(`{"broadcast":0}`), "broadcast"},
		{"echo is a boolean", message(`{"echo":null}`), "echo"},
		{"emitPubSubEvent is a boolean", message(`{"emitPubSubEvent":1}`), "emitPubSubEvent"},
		{"store -1", message(`{"store":-1}`), ""},
		{"store 0", message(`{"store":0}`), ""},
		{"store a hundred years", message(fmt.Sprintf(`{"store":%d}`, MaxStore)), ""},
		{"store a hundred years and a second", message(fmt.Sprintf(`{"store":%d}`, MaxStore+1)), "store must be"},
		{"store -2", message(`{"store":-2}`), "store must be"},
		{"store a fraction", message(`{"store":1.5}`), "store must be"},
		{"store text", message(`{"store":"60"}`), "store must be"},
		{"store beyond all numbers", message(`{"store":1e400}`), "store must be"},
		{"scheduleBefore is a date", message(`{"scheduleBefore":true}`), "scheduleBefore"},
		{"react true", message(`{"react":true}`), ""},
		{"react a list", message(`{"react":["👍","x"]}`), ""},
		{"react an empty list", message(`{"react":[]}`), ""},
		{"react a list of others", message(`{"react":["👍",1]}`), "react must be"},
		{"react text", message(`{"react":"👍"}`), "react must be"},
		{"react null", message(`{"react":null}`), "react must be"},

		{"storage is an object", channel(`{"storage":true}`), "storage must be an object"},
		{"a storage key is an object", storage(`[]`), "must be an object"},
		{"observe is a boolean", storage(`{"observe":1}`), `storage "k": observe`},
		{"get is a boolean", storage(`{"get":1}`), "get"},
		{"set is a boolean", storage(`{"set":1}`), "set"},
		{"storage emitPubSubEvent is a boolean", storage(`{"emitPubSubEvent":"x"}`), "emitPubSubEvent"},
		{"notifyExpiry is a boolean", storage(`{"notifyExpiry":"x"}`), "notifyExpiry"},
		{"storage store 0", storage(`{"store":0}`), "store must be"},
		{"storage store -1", storage(`{"store":-1}`), ""},
		{"storage store 1", storage(`{"store":1}`), ""},
		{"storage scheduleBefore is a date", storage(`{"scheduleBefore":[]}`), "scheduleBefore"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			use := ScopeConnect
			c := connect(tt.claims)
			if _, bound := c["connectionId"]; bound {
				use, c["scope"] = ScopeSubscribe, "subscribe"
			}
			_, err := hs256().verifier(t, Options{}).Verify(hs256().token(c), use, now)
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if ReasonOf(err) != ReasonClaims || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want it to say %q", err, tt.says)
			}
		})
	}
}

// objects is n expressions as keys of messages or storage.
func objects(n int) string {
	m := expressions(n)
	return string(must(json.Marshal(m)))
}

// Whether a token is good must not depend on which tokens came before.
func TestCachesChangeNothing(t *testing.T) {
	v := hs256().verifier(t, Options{})
	heavy := hs256().token(connect(channels(`{"#regex:^[\\p{L}\\p{N}_-]{1,64}$":{"subscribe":true}}`)))
	twice := hs256().token(connect(channels(`{"#regex:^[\\p{L}\\p{N}_-]{1,64}$":{},"#regex:^[\\p{L}\\p{N}_-]{1,63}$":{}}`)))
	for range 4 {
		c := accept(t, v, heavy, ScopeConnect)
		if !(Layers{Connect: c}).Channel("äöü").Subscribe() {
			t.Fatal("denied")
		}
		wantReason(t, v, twice, ScopeConnect, ReasonClaims)
	}
	one, two := accept(t, v, heavy, ScopeConnect), accept(t, v, heavy, ScopeConnect)
	if one.channels != two.channels {
		t.Error("equal claims are not shared")
	}
}

func TestCacheStaysInItsSize(t *testing.T) {
	c := newCache[int](1000)
	for i := range 5000 {
		source := fmt.Sprintf("%0100d", i)
		for range 3 {
			c.put(source, i, 0)
		}
		if got, ok := c.get(source); !ok || got.value != i {
			t.Fatalf("the newest is missing: %v %v", got, ok)
		}
	}
	if len(c.entries) > 10 || c.used > 1000 {
		t.Errorf("%d entries of %d bytes", len(c.entries), c.used)
	}
	c.put(strings.Repeat("x", 1001), 1, 0)
	if len(c.entries) > 10 {
		t.Error("what is larger than the cache was kept")
	}
}
