package acceptance

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/coder/websocket"
)

// A socket is a connection under load: every frame goes to one function, on one goroutine, and nothing is
// kept. A [client] is the one for conversations.
type socket struct {
	conn *websocket.Conn
	done chan struct{} // closed when reading has ended
	err  error         // then: why
}

// A frame is what the tests of load read of one.
type frame struct {
	Event   string
	Channel string
	Key     string
	ID      string
	Ref     string
	Data    json.RawMessage
	Error   struct{ Code, Message string }
}

// number reads the frame's data.
func (f *frame) number() (n int, err error) {
	err = json.Unmarshal(f.Data, &n)
	return n, err
}

// seq reads the number of the change that an ack tells of.
func (f *frame) seq() (uint64, error) {
	var data struct{ Seq uint64 }
	err := json.Unmarshal(f.Data, &data)
	return data.Seq, err
}

// open opens a connection with a connect token of these claims, and reads until it ends.
func (s *server) open(ctx context.Context, c claims, take func(*frame)) (*socket, error) {
	conn, err := s.dial(ctx, "/v1?token="+hs256.sign(string(connectToken(c))))
	if err != nil {
		return nil, err
	}
	k := &socket{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(k.done)
		k.err = k.read(take)
	}()
	return k, nil
}

func (k *socket) read(take func(*frame)) error {
	for {
		_, text, err := k.conn.Read(context.Background())
		if err != nil {
			return err
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			return fmt.Errorf("%w in %s", err, text)
		}
		take(&f)
	}
}

// send sends one frame. It waits while the server takes nothing, until ctx is done.
func (k *socket) send(ctx context.Context, text string) error {
	return k.conn.Write(ctx, websocket.MessageText, []byte(text))
}

// close ends the connection, and waits until its reader has ended.
func (k *socket) close() {
	_ = k.conn.CloseNow()
	<-k.done
}
