package cmd

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"
)

// pusherApp is an app whose clients may send to each other, for runWith.
var pusherApp = map[string][]string{"apps.static": {"{id: shop, key: shop-key, secret: shop-secret, enable_client_messages: true}"}}

// joinPusher connects to that app, and subscribes to a private channel.
func joinPusher(addr, channel string) (*rawSocket, error) {
	s, err := upgrade(addr, "/app/shop-key?protocol=7")
	if err != nil {
		return nil, err
	}
	frame, err := s.read()
	_, rest, ok := bytes.Cut(frame, []byte(`\"socket_id\":\"`))
	if err != nil || !ok {
		return nil, fmt.Errorf("the greeting is %s, %v", frame, err)
	}
	id, _, _ := bytes.Cut(rest, []byte{'\\'})
	mac := hmac.New(sha256.New, []byte("shop-secret"))
	fmt.Fprintf(mac, "%s:%s", id, channel)
	s.send(maskedText(fmt.Sprintf(`{"event":"pusher:subscribe","data":{"channel":%q,"auth":"shop-key:%x"}}`, channel, mac.Sum(nil))))
	if frame, err = s.read(); err != nil || !bytes.Contains(frame, []byte("subscription_succeeded")) {
		return nil, fmt.Errorf("the answer to a subscribe is %s, %v", frame, err)
	}
	return s, nil
}

// openPusherRoom connects n sockets that are subscribed to a channel and counted, and one more that is not counted.
func openPusherRoom(t testing.TB, r *running, channel string, n int) (c *crowd, from *rawSocket) {
	c = &crowd{t: t, addr: r.Addr(), reached: make(chan struct{}, 1)}
	for i := range n + 1 {
		s, err := joinPusher(c.addr, channel)
		if err != nil {
			t.Fatal(err)
		}
		_ = s.SetDeadline(time.Time{})
		t.Cleanup(func() { _ = s.Close() })
		if i == n {
			return c, s
		}
		go c.count(s)
	}
	return c, nil
}
