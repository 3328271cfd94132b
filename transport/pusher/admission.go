package pusher

import (
	"bytes"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// maxUserID is the longest id of a user, in UTF-16 units.
const maxUserID = 128

// maxWatchlist is how many users one may watch: each of them costs something whenever it comes or goes.
const maxWatchlist = 100

// A client is what is known of a connection when a frame of it is judged.
type client struct {
	app      *claims.App // as it is now
	key      string      // the app's, as it was when the connection was opened
	socketID string
	user     *user // nil: not signed in
}

// A user is who is signed in.
type user struct {
	id        string
	info      []byte // one JSON value; nil: none
	watchlist []string
}

// checkProtocol judges the protocol parameter of a connect; given says that there is one. Versions 5 to 7 differ in
// nothing that this server says.
//
// Source: Pusher docs, WebSocket protocol, "Error codes" 4006 and 4007.
func checkProtocol(version string, given bool) *channel.Error {
	const oldest, newest = 5, 7
	if !given {
		return nil
	}
	n, err := strconv.Atoi(version)
	switch {
	case err != nil:
		return refuseVersionText.error()
	case n < oldest || n > newest:
		return refuseVersion.error()
	}
	return nil
}

// admit judges a subscribe as far as that can be done without the channel: its name, its signature, and who is to
// be its member, zero if it has none. A caller without rights learns nothing of limits but that of names.
//
// Source: Pusher docs, WebSocket protocol, "Channel events", and "Presence channels".
func (c *client) admit(cmd *subscribe) (channel.Member, *channel.Error) {
	var nobody channel.Member
	kind := kindOf(cmd.channel)
	switch {
	case !isChannelName(cmd.channel):
		return nobody, refuseChannelName.error()
	case longerThan(cmd.channel, c.app.MaxChannelNameLength):
		return nobody, refuseChannelLength.error(strconv.Itoa(c.app.MaxChannelNameLength))
	case kind.user:
		if c.user == nil || c.user.id != cmd.channel[len(userPrefix):] {
			return nobody, refuseAuth.error()
		}
		return nobody, nil
	case kind.auth && !channelAuthorized(c.app, c.key, c.socketID, cmd.channel, cmd.data, cmd.hasData, cmd.auth):
		return nobody, refuseAuth.error()
	case !kind.members:
		return nobody, nil
	}
	member, ok := c.member(cmd)
	if !ok {
		return nobody, refuseChannelData.error()
	}
	if limit := c.app.MaxPresenceMemberSizeInKB; overKB(len(member.UMD), limit) {
		return nobody, refuseMemberSize.error(number(limit))
	}
	return member, nil
}

// member returns who subscribes to a presence channel: whom channel_data names, or without it the user who is
// signed in.
func (c *client) member(cmd *subscribe) (m channel.Member, ok bool) {
	if !cmd.hasData {
		if c.user == nil {
			return m, false
		}
		return channel.Member{UID: c.user.id, UMD: c.user.info}, true
	}
	var v [2]value
	if !scanObject([]byte(cmd.data), []string{"user_id", "user_info"}, v[:]) {
		return m, false
	}
	id, ok := v[0].id()
	return channel.Member{UID: id, UMD: v[1].info()}, ok
}

// id returns the id of a user: a text, or a number, which is its digits as they are written.
func (v value) id() (id string, ok bool) {
	switch v.kind() {
	case jsontext.KindString:
		id = v.text()
	case jsontext.KindNumber:
		id = string(v.raw)
	}
	return id, id != "" && !longerThan(id, maxUserID)
}

// info returns a copy of what is told of a user, nil for null.
func (v value) info() []byte {
	if v.isNull() {
		return nil
	}
	return bytes.Clone(v.raw)
}

// signIn judges a sign-in, and returns whom it makes the connection. A warning is told besides, and changes nothing.
// Who is signed in already stays who it is.
//
// Source: Pusher docs, "Authenticating users" and "Watchlist events".
func (c *client) signIn(cmd *signin) (u *user, warning, refused *channel.Error) {
	if !userAuthorized(c.app, c.key, c.socketID, cmd.data, cmd.auth) {
		return nil, nil, refuseSignin.error()
	}
	var v [3]value
	if !scanObject([]byte(cmd.data), []string{"id", "user_info", "watchlist"}, v[:]) {
		return nil, nil, refuseSigninID.error()
	}
	id, ok := v[0].id()
	switch {
	case !ok:
		return nil, nil, refuseSigninID.error()
	case c.user != nil && c.user.id != id:
		return nil, nil, refuseSignin.error()
	}
	u = &user{id: id, info: v[1].info()}
	if c.app.EnableWatchlist && v[2].kind() == jsontext.KindBeginArray {
		u.watchlist, warning = readWatchlist(v[2].raw)
	}
	return u, warning, nil
}

// readWatchlist returns the ids in a list; what is none is left out. Too long a list counts for nothing.
func readWatchlist(list []byte) (ids []string, warning *channel.Error) {
	elements, count, _ := scanArray(list, maxWatchlist)
	if count > maxWatchlist {
		return nil, refuseWatchlist.error()
	}
	for _, v := range elements {
		if id, ok := v.id(); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// A joiner says whether a client is on a channel, or asked to be.
type joiner interface{ Joined(name string) bool }

// judge judges a client event. spent is the connection's window; only an event that is allowed takes of it.
//
// Source: Pusher docs, "Triggering client events".
func (c *client) judge(cmd *clientEvent, on joiner, spent *window, at time.Time) *channel.Error {
	app, kind := c.app, kindOf(cmd.channel)
	public := !kind.auth && app.AllowClientEventsOnPublic
	switch {
	case !app.EnableClientMessages:
		return refuseClientOff.error()
	case !kind.clientEvents && !public:
		return refuseClientKind.error()
	case !on.Joined(cmd.channel):
		return refuseNotMember.error()
	case longerThan(cmd.event, app.MaxEventNameLength):
		return refuseClientName.error(strconv.Itoa(app.MaxEventNameLength))
	case overKB(sizeOf(value{cmd.data}), app.MaxEventPayloadInKB):
		return refuseClientSize.error(number(app.MaxEventPayloadInKB))
	}
	if limit := app.MaxClientEventsPerSecond; limit >= 0 {
		if ok, _, _ := spent.take(at, 1, limit); !ok {
			return refuseClientRate.error()
		}
	}
	return nil
}
