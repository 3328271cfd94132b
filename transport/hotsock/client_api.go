package hotsock

import (
	"net/http"
	"strconv"

	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// The Client HTTP API is for the applications of connected clients, which act with their connection's
// rights: its id and secret, from the hotsock.connected frame, stand in the query. It is called from pages
// of any origin. What a body says becomes the same command as a frame would, and is run by the same actor.
//
// Source: Hotsock docs, Client HTTP API.

// speaker returns the connection that a call speaks for. It comes before the body is read, so that only
// those who may ask can make the server read.
func (h *Handler) speaker(c *call) (client, error) {
	query := c.r.URL.Query()
	connectionID, secret := query.Get("connectionId"), query.Get("connectionSecret")
	if connectionID == "" || secret == "" {
		return nil, channel.ErrUnauthorized.With("connectionId and connectionSecret are required in the query.")
	}
	return h.o.engine.Client(h.o.App, connectionID, secret)
}

// A clientCall is one verb of the Client HTTP API: what its body is made of, and what is done with it.
type clientCall struct {
	form  form
	serve func(h *Handler, c *call, who client, b *body) error
}

// clientRoutes are the verbs, as routes.
func clientRoutes() []route {
	var all []route
	for _, verb := range []struct {
		name, metric string
		clientCall
	}{
		{"listMessages", "list messages", clientCall{listForm, (*Handler).listMessages}},
		{"listReactions", "list reactions", clientCall{reactionsForm, (*Handler).listReactions}},
		{"publishMessage", "publish as client", clientCall{clientPublishForm, (*Handler).publishAsClient}},
		{"channelStorageGet", "get entry as client", clientCall{entryForm, (*Handler).getEntryAsClient}},
		{"channelStorageSet", "set entry as client", clientCall{setForm, (*Handler).setEntryAsClient}},
		{"channelStorageList", "list entries as client", clientCall{entriesForm, (*Handler).listEntriesAsClient}},
		{"getChannelInfo", "channel as client", clientCall{infoForm, (*Handler).channelInfoAsClient}},
		{"umdUpdate", "update umd", clientCall{umdForm, (*Handler).updateUMD}},
	} {
		all = append(all, route{method: http.MethodPost, path: []string{clientRoot, verb.name}, name: verb.metric, serve: verb.run})
	}
	return all
}

func (v clientCall) run(h *Handler, c *call) error {
	who, err := h.speaker(c)
	if err != nil {
		return err
	}
	b, err := h.readForm(c, &v.form)
	if err != nil {
		return err
	}
	return v.serve(h, c, who, b)
}

// do runs cmd as the connection.
func (h *Handler) do(c *call, who client, cmd actors.Command) (actors.Answer, error) {
	return who.Do(c.ctx, h.origin(c, channel.TriggerClientHTTP), cmd)
}

// maxMessages is how many messages one page has at most.
const maxMessages = 100

// The members of a listMessages call.
const (
	listChannel = iota
	listAfter
	listBefore
	listReverse
	listExpand
	listLimit
)

var listForm = form{
	names: []string{
		listChannel: "channel",
		listAfter:   "after",
		listBefore:  "before",
		listReverse: "reverse",
		listExpand:  "expandReactions",
		listLimit:   "limit",
	},
	memberKinds: memberKinds{
		texts:    []int{listChannel, listAfter, listBefore},
		booleans: []int{listReverse, listExpand},
		numbers:  []int{listLimit},
	},
	required: []int{listChannel},
}

// listMessages serves POST /connection/listMessages: stored messages of a channel that the connection is
// subscribed to, as far back as it may see.
//
// after counts only for the oldest first, before only for the newest first. A limit out of 1 to 100 is
// taken for the nearest.
func (h *Handler) listMessages(c *call, who client, b *body) error {
	limit, err := b.integer(listLimit, maxMessages)
	if err != nil {
		return err
	}
	cmd := &actors.ListMessages{
		Channel: b.text(listChannel),
		Reverse: b.isTrue(listReverse),
		Limit:   int(min(max(limit, 1), maxMessages)),

		ExpandReactions: b.isTrue(listExpand),
	}
	if cmd.Reverse {
		cmd.Before = b.text(listBefore)
	} else {
		cmd.After = b.text(listAfter)
	}
	answer, err := h.do(c, who, cmd)
	if err != nil {
		return err
	}
	page := appendPage([]byte(`{"messages":`), answer.Result.(*channel.Messages), b.isTrue(listExpand))
	return c.answer(http.StatusOK, append(page, '}'))
}

// appendPage writes a list of messages. Here each has meta, also a server's: applications read it without
// looking.
func appendPage(dst []byte, page *channel.Messages, expand bool) []byte {
	dst = append(dst, '[')
	for i, m := range page.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		if m.Meta == nil {
			withMeta := *m
			withMeta.Meta = &channel.Meta{}
			m = &withMeta
		}
		dst = appendPublished(dst, m)
		var counts []channel.ReactionCount
		if page.Reactions != nil {
			counts = page.Reactions[i]
		}
		dst = append(appendCounts(dst[:len(dst)-1], counts, expand), '}')
	}
	return append(dst, ']')
}

// The members of a publishMessage call.
const (
	clientPublishChannel = iota
	clientPublishEvent
	clientPublishData
	clientPublishEagerID
	clientPublishSchedule
	clientPublishTimezone
)

var clientPublishForm = form{
	names: []string{
		clientPublishChannel:  "channel",
		clientPublishEvent:    "event",
		clientPublishData:     "data",
		clientPublishEagerID:  "eagerIdGeneration",
		clientPublishSchedule: "scheduleExpression",
		clientPublishTimezone: "scheduleExpressionTimezone",
	},
	memberKinds: memberKinds{
		texts:    []int{clientPublishChannel, clientPublishEvent, clientPublishSchedule, clientPublishTimezone},
		booleans: []int{clientPublishEagerID},
	},
	required: []int{clientPublishEvent, clientPublishChannel},
}

// publishAsClient serves POST /connection/publishMessage. Its 202 means that the message is on its way, and
// on disk if it is stored. channel comes back as it was sent.
func (h *Handler) publishAsClient(c *call, who client, b *body) error {
	name, event := b.text(clientPublishChannel), b.text(clientPublishEvent)
	if event == reactionEvent {
		return h.reactAsClient(c, who, b)
	}
	if err := checkEvent(event); err != nil {
		return err
	}
	data, tooLarge := compactData(&b.values[clientPublishData], h.o.MaxData)
	if tooLarge != nil {
		return tooLarge
	}
	answer, err := h.do(c, who, &actors.Publish{
		Channel: name, Event: event, Data: data,
		Schedule: actors.Schedule{Expression: b.text(clientPublishSchedule), Timezone: b.text(clientPublishTimezone)},
		EagerID:  b.isTrue(clientPublishEagerID),
	})
	if err != nil {
		return err
	}
	o := outcomeOf(answer)
	p := publication{eager: b.isTrue(clientPublishEagerID)}
	return c.answer(http.StatusAccepted, appendAccepted(nil, name, event, p.id(o), p.schedule(o)))
}

// reactAsClient serves a publishMessage of a reaction.
func (h *Handler) reactAsClient(c *call, who client, b *body) error {
	r, fault, tooLarge := readReaction(&b.values[clientPublishData], h.o.MaxData)
	if tooLarge != nil {
		return tooLarge
	}
	name := b.text(clientPublishChannel)
	answer, err := h.do(c, who, &actors.React{
		Channel: name, MessageID: r.messageID, Reaction: r.reaction, Remove: r.remove, Fault: fault,
		Schedule: actors.Schedule{Expression: b.text(clientPublishSchedule), Timezone: b.text(clientPublishTimezone)},
	})
	if err != nil {
		return err
	}
	o := outcomeOf(answer)
	p := publication{eager: b.isTrue(clientPublishEagerID)}
	return c.answer(http.StatusAccepted, appendAccepted(nil, name, reactionEvent, p.id(o), ulid.ULID{}))
}

// outcomeOf reads what a channel answered to a publish.
func outcomeOf(answer actors.Answer) (o actors.Outcome) {
	o.Published, _ = answer.Result.(*channel.Published)
	o.Scheduled, _ = answer.Result.(*channel.Scheduled)
	return o
}

// appendAccepted writes what is said of a publish that was accepted; the ids of message and schedule may be
// zero.
func appendAccepted(dst []byte, name, event string, id, schedule ulid.ULID) []byte {
	dst = appendString(append(dst, `{"channel":`...), name)
	dst = appendString(append(dst, `,"event":`...), event)
	if !id.IsZero() {
		dst = append(appendID(append(dst, `,"id":"`...), id), '"')
	}
	if !schedule.IsZero() {
		dst = appendARN(append(dst, `,"scheduleArn":`...), schedule)
	}
	return append(dst, '}')
}

// The members of a channelStorageGet call.
const (
	entryChannel = iota
	entryKey
	entryVersion // not Hotsock's
)

var entryForm = form{
	names:       []string{entryChannel: "channel", entryKey: "key", entryVersion: "version"},
	memberKinds: memberKinds{texts: []int{entryChannel, entryKey}, booleans: []int{entryVersion}},
	required:    []int{entryChannel, entryKey},
}

// getEntryAsClient serves POST /connection/channelStorageGet: the frame that hotsock.channelStorageGet is
// answered with, its version too if that is asked for.
func (h *Handler) getEntryAsClient(c *call, who client, b *body) error {
	answer, err := h.do(c, who, &actors.GetStorage{Channel: b.text(entryChannel), Key: b.text(entryKey)})
	if err != nil {
		return err
	}
	e := answer.Result.(*channel.Entry)
	m := &channel.Message{Kind: channel.KindStorageData, Channel: answer.Channel, Key: e.Key, Data: e.Data, Meta: e.Meta, Seq: e.Version}
	frame := Codec{}.Append(nil, m)
	if b.isTrue(entryVersion) {
		frame = Codec{}.AppendNumbered(frame, m)
	}
	return c.answer(http.StatusOK, frame)
}

// The members of a channelStorageList call.
const (
	entriesChannel = iota
	entriesKeys
	entriesAfter
	entriesVersions // not Hotsock's
)

var entriesForm = form{
	names:       []string{entriesChannel: "channel", entriesKeys: "keys", entriesAfter: "after", entriesVersions: "versions"},
	memberKinds: memberKinds{texts: []int{entriesChannel, entriesAfter}, booleans: []int{entriesVersions}, arrays: []int{entriesKeys}},
	required:    []int{entriesChannel},
}

// listEntriesAsClient serves POST /connection/channelStorageList: the entries that the connection may get.
func (h *Handler) listEntriesAsClient(c *call, who client, b *body) error {
	keys, err := b.texts(entriesKeys, maxKeys)
	if err != nil {
		return err
	}
	answer, err := h.do(c, who, &actors.ListStorage{Channel: b.text(entriesChannel), Keys: keys, After: b.text(entriesAfter)})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, appendEntries(nil, answer.Result.(*channel.Entries), b.isTrue(entriesVersions)))
}

var infoForm = form{
	names:       []string{"channel"},
	memberKinds: memberKinds{texts: []int{0}},
	required:    []int{0},
}

// channelInfoAsClient serves POST /connection/getChannelInfo.
func (h *Handler) channelInfoAsClient(c *call, who client, b *body) error {
	answer, err := h.do(c, who, &actors.GetInfo{Channel: b.text(0)})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, appendInfo(nil, "channel", answer.Result.(*channel.Info)))
}

// The members of a umdUpdate call.
const (
	umdToken = iota
	umdChannel
)

var umdForm = form{
	names:       []string{umdToken: "token", umdChannel: "channel"},
	memberKinds: memberKinds{texts: []int{umdToken, umdChannel}},
	required:    []int{umdToken},
}

// updateUMD serves POST /connection/umdUpdate.
func (h *Handler) updateUMD(c *call, who client, b *body) error {
	if !b.values[umdChannel].isNull() && b.text(umdChannel) == "" {
		return checkChannel("") // no channel is not a channel without a name
	}
	if _, err := h.do(c, who, &actors.UpdateUMD{Channel: b.text(umdChannel), Token: b.text(umdToken)}); err != nil {
		return err
	}
	return c.answer(http.StatusOK, []byte("{}"))
}

// appendInfo writes who is subscribed; title is what the channel's name is called.
func appendInfo(dst []byte, title string, info *channel.Info) []byte {
	dst = appendString(append(appendString(append(dst, '{'), title), ':'), info.Name)
	dst = strconv.AppendInt(append(dst, `,"subscriptionsCount":`...), int64(info.Subscriptions), 10)
	if claims.IsPresence(info.Name) {
		dst = appendMembers(append(dst, `,"members":`...), info.Members)
	}
	return append(dst, '}')
}
