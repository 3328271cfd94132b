package acceptance

import (
	"fmt"
	"time"
)

func storageCases() []hotsockCase {
	return []hotsockCase{
		{number: 84, rule: "a set reaches all observers and the writer", play: case084},
		{number: 85, rule: "an equal value is told to nobody", play: case085},
		{number: 86, rule: "null and an empty object clear", play: case086},
		{number: 87, rule: "a late observer gets a snapshot in key order", play: case087},
		{number: 88, rule: "get needs no subscription", play: case088},
		{number: 89, rule: "set and get need their rights", play: case089},
		{number: 90, rule: "an expired entry is gone and observers may be told", settings: settings{"storage.notify_expiry": true}, play: case090},
	}
}

// fullStorage is every right on one key and what begins with it.
func fullStorage(channel, key string) string {
	return fmt.Sprintf(`{%q:{"subscribe":true,"storage":{%q:{"set":true,"observe":true,"get":true}}}}`, channel, key+"*")
}

// storagePair connects A, who has a uid and umd, and B; both are subscribed to an empty channel.
func storagePair(s *scene, channel string) {
	s.t.Helper()
	s.connect("A", claims(`{"uid":"a","umd":1,"channels":`+fullStorage(channel, "k")+`}`))
	s.connect("B", claims(`{"channels":`+fullStorage(channel, "k")+`}`))
	s.play(fmt.Sprintf(`
		A > sub %[1]s
		A < subscribed %[1]s {"uid":"a","umd":1}
		B > sub %[1]s
		B < subscribed %[1]s`, channel))
}

func case084(s *scene) {
	storagePair(s, "c84")
	s.play(`
		A > set c84 k 1
		A < {"event":"hotsock.channelStorageUpdated","channel":"c84","key":"k","data":1,"meta":{"uid":"a","umd":1}}
		B < {"event":"hotsock.channelStorageUpdated","channel":"c84","key":"k","data":1,"meta":{"uid":"a","umd":1}}`)
}

func case085(s *scene) {
	storagePair(s, "c85")
	s.play(`
		A > set c85 k 1
		A < entry c85 k 1 {"uid":"a","umd":1}
		B < entry c85 k 1 {"uid":"a","umd":1}
		A > set c85 k 1
		A ∅
		A > set c85 k {"a":1,"b":2}
		A < entry c85 k {"a":1,"b":2} {"uid":"a","umd":1}
		B < entry c85 k {"a":1,"b":2} {"uid":"a","umd":1}
		B > set c85 k {"b":2,"a":1}
		A ∅
		B ∅`)
}

func case086(s *scene) {
	storagePair(s, "c86")
	for _, nothing := range []string{"null", "{}"} {
		s.play(`
			A > set c86 k 1
			A < entry c86 k 1 {"uid":"a","umd":1}
			B < entry c86 k 1 {"uid":"a","umd":1}
			A > set c86 k ` + nothing + `
			A < entry c86 k null {"uid":"a","umd":1}
			B < entry c86 k null {"uid":"a","umd":1}
			B > get c86 k
			B < {"event":"hotsock.channelStorageData","channel":"c86","key":"k","data":null,"meta":null}
			A > set c86 k ` + nothing + `
			A ∅
			B ∅`)
	}
}

func case087(s *scene) {
	s.connect("A", claims(`{"uid":"a","channels":`+fullStorage("c87", "")+`}`))
	s.play(`
		A > set c87 kb 2
		A > set c87 ka {"x":[1]}
		A > set c87 z 9
		A > set c87 kc 3
		A > get c87 kc
		A < value c87 kc 3 {"uid":"a","umd":null}`)
	s.connect("B", `{"channels":{"c87":{"subscribe":true,"storage":{"k*":{"observe":true}}}}}`)
	s.connect("C", `{"channels":{"c87":{"autoSubscribe":true,"storage":{"*":{"observe":true},"k*":{"observe":false}}}}}`)
	s.play(`
		B > sub c87
		B < subscribed c87
		B < entry c87 ka {"x":[1]} {"uid":"a","umd":null}
		B < entry c87 kb 2 {"uid":"a","umd":null}
		B < entry c87 kc 3 {"uid":"a","umd":null}
		B ∅
		C < {"event":"hotsock.subscribed","channel":"c87","data":{"autoSubscribed":true},"meta":{"uid":null,"umd":null}}
		C < entry c87 z 9 {"uid":"a","umd":null}
		C ∅`)
}

func case088(s *scene) {
	s.connect("A", `{"uid":"a","channels":{"c88":{"storage":{"k":{"set":true}}}}}`)
	s.connect("B", `{"channels":{"c88":{"storage":{"k":{"get":true}}}}}`)
	s.play(`
		B > get c88 k
		B < value c88 k null null
		A > {"event":"hotsock.channelStorageSet","channel":"c88","key":"k","data":{"x":1},"ref":"r"}
		A < {"event":"hotsock.ack","ref":"r","data":"<any>"}
		B > get c88 k
		B < {"event":"hotsock.channelStorageData","channel":"c88","key":"k","data":{"x":1},"meta":{"uid":"a","umd":null}}
		A ∅`)
}

func case089(s *scene) {
	s.connect("A", `{"channels":{"c89":{"subscribe":true,"storage":{"g":{"get":true},"s":{"set":true},"o":{"observe":true}}}}}`)
	s.play(`
		A > set c89 g 1
		A < error STORAGE_PERMISSION_DENIED c89
		A > get c89 s
		A < error STORAGE_PERMISSION_DENIED c89
		A > set c89 o 1
		A < error STORAGE_PERMISSION_DENIED c89
		A > get c89 x
		A < error STORAGE_PERMISSION_DENIED c89
		A ∅`)
}

// What backends are told of an expiry is not seen from here yet.
func case090(s *scene) {
	expires(s, "c90")
	s.play(`
		A < entry c90 k null null
		A > get c90 k
		A < value c90 k null null
		A ∅`)

	silent := newScene(s.t, serve(s.t, defaults()))
	expires(silent, "c90")
	silent.wait(2 * time.Second)
	silent.play(`
		A ∅
		A > get c90 k
		A < value c90 k null null`)
}

// expires has A set an entry that lives for a second, and see it.
func expires(s *scene, channel string) {
	s.t.Helper()
	s.connect("A", claims(fmt.Sprintf(
		`{"channels":{%q:{"subscribe":true,"storage":{"k":{"set":true,"observe":true,"get":true,"store":1}}}}}`, channel)))
	s.play(fmt.Sprintf(`
		A > sub %[1]s
		A < subscribed %[1]s
		A > set %[1]s k 1
		A < entry %[1]s k 1 {"uid":null,"umd":null}`, channel))
}
