package actors

import (
	"context"

	"github.com/oklog/ulid/v2"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// A Client is a live connection that is spoken for over HTTP, by whoever knows its secret. What it asks is
// run by the connection's own actor, as if it had come as a frame: with the same rights, aliases, uid and
// umd. Only the answer takes another way. Its methods may be called from any goroutine.
//
// Source: Hotsock docs, Client HTTP API.
type Client struct{ c *Connection }

// maxCalls is how many calls of one connection may wait for answers: a socket's frames are bounded by its
// reader, and these have none.
const maxCalls = 64

var errTooManyCalls = channel.ErrRateLimited.With("At most %d calls of one connection may wait for answers.", maxCalls)

// Client returns the app's live connection with this id, if secret is its secret. It takes as long for a
// wrong secret as for a nearly right one.
//
// Errors: channel.ErrUnauthorized.
func (s *System) Client(app, connectionID, secret string) (*Client, error) {
	c := s.connections.authenticate(app, connectionID, secret)
	if c == nil {
		return nil, channel.ErrUnauthorized
	}
	return &Client{c}, nil
}

// The commands that only a [Client] has.
type (
	// ListMessages reads stored messages as far back as the connection may see. Answer: *channel.Messages.
	ListMessages struct {
		Channel       string // or an alias
		After, Before string // message ids, exclusive
		Reverse       bool
		Limit         int // clamped to 1 to 100; 0: 100

		ExpandReactions bool // who has reacted, too
	}

	// ListReactions reads the reactions to one message that the connection sees in its history. Answer:
	// *channel.Reactions.
	ListReactions struct{ Channel, MessageID string }

	// ListStorage reads the entries that the connection may get. Answer: *channel.Entries.
	ListStorage struct {
		Channel string   // or an alias
		Keys    []string // at most 100; nil: all
		After   string
	}

	// GetInfo reads who is subscribed. Answer: *channel.Info.
	GetInfo struct{ Channel string }
)

func (*ListMessages) command()  {}
func (*ListReactions) command() {}
func (*ListStorage) command()   {}
func (*GetInfo) command()       {}

// An Answer is how a [Client]'s command ended.
type Answer struct {
	Channel string // the channel's real name; "" if the command is of none
	// Result is what the command has to tell: *channel.Published for Publish, *channel.Entry for
	// GetStorage, what is said at the others; nil for those that have nothing to tell.
	Result any
}

// Do runs cmd with the connection's rights and returns once what it did is durable. from says where the
// call came from.
//
// Errors: channel.ErrUnauthorized if the connection ended meanwhile, any other *channel.Error, or ctx's:
// then it may have happened or not.
func (c *Client) Do(ctx context.Context, from Origin, cmd Command) (Answer, error) {
	if c.c.system.tooBusy() {
		return Answer{}, channel.ErrUnavailable
	}
	if c.c.calls.Add(1) > maxCalls {
		c.c.calls.Add(-1)
		return Answer{}, errTooManyCalls
	}
	defer c.c.calls.Add(-1)
	answer := Answer{}
	result, err := c.c.ask(ctx, func(a *connectionActor, reply func(any, error)) {
		a.answerCall(&call{from: from, reply: reply}, cmd)
	})
	switch r := result.(type) {
	case named:
		answer.Channel, answer.Result = r.channel, r.result
	default:
		answer.Result = r
	}
	return answer, err
}

// A call is an errand's command while it runs: refuse, send and acknowledge answer it instead of the client's
// sink, and sender speaks for it.
type call struct {
	from  Origin
	reply func(result any, err error)
}

// named is a channel's result with the channel's name.
type named struct {
	channel string
	result  any
}

// asked makes cmd, for the channel with that real name, an ask whose answer is the call's.
func (q *call) asked(real string, cmd any) *ask {
	return &ask{cmd: cmd, reply: func(result any, err error) { q.reply(named{real, result}, err) }}
}

// answerCall runs a call's command.
func (a *connectionActor) answerCall(q *call, cmd Command) {
	a.call = q
	defer func() { a.call = nil }()
	switch c := cmd.(type) {
	case *ListMessages:
		a.listMessages(c)
	case *ListReactions:
		a.sendSubscribed(c.Channel, &channel.ListReactions{ConnectionID: a.connection.id, MessageID: messageID(c.MessageID)})
	case *ListStorage:
		a.listStorage(c)
	case *GetInfo:
		a.getInfo(c)
	default:
		a.decide(c)
	}
}

func (a *connectionActor) listMessages(c *ListMessages) {
	cmd := &channel.ListMessages{ConnectionID: a.connection.id, Reverse: c.Reverse, Limit: pageLimit(c.Limit), Bytes: a.system.options.PageBytes, ExpandReactions: c.ExpandReactions}
	if err := parseIDs(cmd, c.After, c.Before); err != nil {
		a.refuse(c.Channel, "", err)
		return
	}
	a.sendSubscribed(c.Channel, cmd)
}

// sendSubscribed hands a call's command to the channel behind a name, which is refused if the connection has
// nothing to do with it.
func (a *connectionActor) sendSubscribed(name string, cmd any) {
	real, m := a.resolve(name)
	switch err := claims.CheckChannel(real); {
	case err != nil:
		a.refuse(name, "", channel.ErrInvalidChannel.With("%s.", sentence(err)))
	case m == nil:
		a.refuse(name, "", channel.ErrNotSubscribed)
	default:
		a.send(real, name, "", cmd)
	}
}

// parseIDs reads the message ids that bound a page.
func parseIDs(cmd *channel.ListMessages, after, before string) *channel.Error {
	for _, id := range []struct {
		name, text string
		into       *ulid.ULID
	}{{"after", after, &cmd.After}, {"before", before, &cmd.Before}} {
		if id.text == "" {
			continue
		}
		parsed, err := ulid.ParseStrict(id.text)
		if err != nil {
			return channel.ErrInvalidMessage.With("%s must be a message id, 26 characters.", id.name)
		}
		*id.into = parsed
	}
	return nil
}

func (a *connectionActor) listStorage(c *ListStorage) {
	name, m, ok := a.named(c.Channel, "")
	if !ok {
		return
	}
	grant := a.rightsOn(name, m).grant // not rights: it is asked by the channel
	a.send(name, c.Channel, "", &channel.ListStorage{
		Keys: c.Keys, After: c.After, Limit: maxPage, Bytes: a.system.options.StoragePageBytes,
		Allow: func(key string) bool { return grant.Key(key).Get }, Within: grant.GetRanges(), Visit: listedAtOnce,
	})
}

func (a *connectionActor) getInfo(c *GetInfo) {
	name, m := a.resolve(c.Channel)
	switch err := claims.CheckChannel(name); {
	case err != nil:
		a.refuse(c.Channel, "", channel.ErrInvalidChannel.With("%s.", sentence(err)))
	case !a.rightsOn(name, m).grant.GetInfo():
		a.refuse(c.Channel, "", channel.ErrInfoDenied)
	default:
		a.send(name, c.Channel, "", &channel.GetInfo{})
	}
}
