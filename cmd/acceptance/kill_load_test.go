package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
)

// A load is all clients of one life of a server.
type load struct {
	server *server
	book   *ledger

	stop    chan struct{} // closed when nothing new is to be sent
	dying   atomic.Bool   // from here on connections may end
	workers sync.WaitGroup
	mu      sync.Mutex
	sockets []*socket
}

// unanswered is how many writes one writer sends ahead of their acks.
const unanswered = 4

// startLoad connects a writer for each entry, as many observers for each channel, and a publisher for each
// stream, and lets them go all at once.
func startLoad(ctx context.Context, s *server, book *ledger) (*load, error) {
	l := &load{server: s, book: book, stop: make(chan struct{})}
	book.newLife()
	var dialing sync.WaitGroup
	var errs = make(chan error, 1024)
	slots := make(chan struct{}, 16)
	dial := func(open func() error) {
		dialing.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := open(); err != nil {
				errs <- err
			}
		})
	}
	begin := make(chan struct{})
	for i, c := range book.channels {
		for w, e := range c.entries {
			dial(func() error { return l.observer(ctx, c, book.streams[(i+w)%len(book.streams)]) })
			dial(func() error { return l.writer(ctx, e, w%2 == 0, begin) })
		}
	}
	dialing.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	for _, stream := range book.streams {
		l.workers.Go(func() { l.publish(ctx, stream, begin) })
	}
	close(begin)
	return l, errors.Join(all...)
}

// keep remembers a socket, and that it must not end before its server does.
func (l *load) keep(who string, k *socket) {
	l.mu.Lock()
	l.sockets = append(l.sockets, k)
	l.mu.Unlock()
	l.workers.Go(func() {
		<-k.done
		if !l.dying.Load() {
			l.book.faultOf("%s: the connection ended by itself: %v", who, k.err)
		}
	})
}

// writer opens a connection that counts an entry up. One that observes it too takes its own update for a
// yes, as good as an ack.
func (l *load) writer(ctx context.Context, e *entryBook, observes bool, begin <-chan struct{}) error {
	name := e.channel.name
	rights := fmt.Sprintf(`{"channels":{%q:{"autoSubscribe":%v,"storage":{%q:{"set":true,"observe":%[2]v}}}}}`, name, observes, e.key)
	free := make(chan struct{}, unanswered)
	last := 0
	k, err := l.server.open(ctx, claims(rights), func(f *frame) {
		switch f.Event {
		case "hotsock.ack":
			value, err := strconv.Atoi(f.Ref)
			seq, err2 := f.seq()
			if err != nil || err2 != nil {
				l.book.faultOf("an ack that cannot be read: %+v", f)
				return
			}
			l.book.acked(e, value, seq)
			<-free
		case "hotsock.channelStorageUpdated":
			last = l.observe(e, f, last)
		case "hotsock.error":
			l.book.faultOf("%s %s: a write is refused: %s %s", name, e.key, f.Error.Code, f.Error.Message)
			<-free
		}
	})
	if err != nil {
		return err
	}
	l.keep("writer of "+name+" "+e.key, k)
	l.workers.Go(func() {
		<-begin
		for {
			select {
			case <-l.stop:
				return
			case <-k.done:
				return
			case free <- struct{}{}:
			}
			value := l.book.sends(e)
			if k.send(ctx, fmt.Sprintf(
				`{"event":"hotsock.channelStorageSet","channel":%q,"key":%q,"data":%d,"ref":"%d"}`, name, e.key, value, value)) != nil {
				return // keep tells of it if it came too early
			}
		}
	})
	return nil
}

// observe notes what an observer of an entry is told, and returns it.
func (l *load) observe(e *entryBook, f *frame, last int) int {
	value, err := f.number()
	if err != nil {
		l.book.faultOf("%s %s: an observer sees %s", f.Channel, f.Key, f.Data)
		return last
	}
	l.book.saw(e, value, last)
	return value
}

// observer opens a connection that watches a channel's entries, and a stream.
func (l *load) observer(ctx context.Context, c *channelBook, s *streamBook) error {
	entries := map[string]*entryBook{}
	for _, e := range c.entries {
		entries[e.key] = e
	}
	last, lastMessage := map[string]int{}, -1
	rights := fmt.Sprintf(`{"channels":{%q:{"autoSubscribe":true,"storage":{"*":{"observe":true}}},%q:{"autoSubscribe":true}}}`, c.name, s.name)
	k, err := l.server.open(ctx, claims(rights), func(f *frame) {
		switch f.Event {
		case "hotsock.channelStorageUpdated":
			last[f.Key] = l.observe(entries[f.Key], f, last[f.Key])
		case "e":
			n, err := f.number()
			if err != nil {
				l.book.faultOf("%s: an observer gets %s", f.Channel, f.Data)
				return
			}
			l.book.sawMessage(s, n, f.ID, lastMessage)
			lastMessage = n
		case "hotsock.error":
			l.book.faultOf("an observer of %s is refused: %s %s", c.name, f.Error.Code, f.Error.Message)
		}
	})
	if err == nil {
		l.keep("observer of "+c.name, k)
	}
	return err
}

// publish publishes to a stream, one after the other, by HTTP.
func (l *load) publish(ctx context.Context, s *streamBook, begin <-chan struct{}) {
	<-begin
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		n := l.book.publishes(s)
		resp, err := l.server.publish(ctx, fmt.Sprintf(`{"channel":%q,"event":"e","data":%d,"store":-1}`, s.name, n))
		switch {
		case err == nil && resp.status == 202:
			l.book.tookIn(s, n)
		case err == nil:
			l.book.faultOf("%s: message %d is answered with %s", s.name, n, resp)
			return
		case l.dying.Load():
			return
		default:
			l.book.faultOf("%s: message %d: %v", s.name, n, err)
			return
		}
	}
}

// kill ends the server, and then everything here.
func (l *load) kill() {
	l.dying.Store(true)
	l.server.kill()
	l.finish()
}

// settle stops writing and waits until every write is answered.
func (l *load) settle(ctx context.Context) error {
	close(l.stop)
	for {
		if l.book.answered() {
			l.dying.Store(true)
			return nil
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

func (l *ledger) answered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.channels {
		for _, e := range c.entries {
			if e.sent-e.base+1 != e.acked {
				return false
			}
		}
	}
	return true
}

// finish closes every socket and waits until nothing of the load runs.
func (l *load) finish() {
	l.dying.Store(true)
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	for _, k := range l.sockets {
		// What had come before the end is still read: only then does the reader end by itself.
		if !l.server.running() {
			<-k.done
		}
		k.close()
	}
	l.workers.Wait()
}

// storedValues reads a channel's entries, which are numbers, by key.
func storedValues(ctx context.Context, s *server, channel string) (map[string]int, error) {
	resp, err := s.channels(ctx, channel+"/storage")
	if err != nil {
		return nil, err
	}
	if resp.status != 200 {
		return nil, fmt.Errorf("read %s: %s", channel, resp)
	}
	var list struct {
		Items []struct {
			Key  string
			Data int
		}
	}
	if err := json.Unmarshal([]byte(resp.body), &list); err != nil {
		return nil, fmt.Errorf("read %s: %w in %s", channel, err, resp.body)
	}
	values := map[string]int{}
	for _, item := range list.Items {
		values[item.Key] = item.Data
	}
	return values, nil
}
