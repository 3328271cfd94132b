package main

import "testing"

func TestAnUpdateIsKeptAsTheAnswerToItsKey(t *testing.T) {
	var e entries
	e.put([]byte(`{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":1,"meta":null}`))
	e.put([]byte(`{"event":"tick","channel":"c","key":"other","data":1}`))
	if got, want := e.get([]byte("k")), `{"event":"hotsock.channelStorageData","channel":"c","key":"k","data":1,"meta":null}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := e.get([]byte("other")); got != "" {
		t.Errorf("a message is kept: %s", got)
	}
}
