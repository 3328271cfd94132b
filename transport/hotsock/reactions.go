package hotsock

import (
	"net/http"
	"strconv"
	"unicode/utf8"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// reactionEvent is how a reaction is asked for, by a frame or by a publish.
const reactionEvent = "hotsock.messageReaction"

// reactionNames are the members of a reaction's data. All are strings.
var reactionNames = []string{"data.messageId", "data.reaction", "data.action"}

// A reaction is what the data of hotsock.messageReaction asks for.
type reaction struct {
	messageID, reaction string
	remove              bool
}

// readReaction reads a reaction's data.
//
// Errors: DATA_TOO_LARGE, which is told at once; and as fault INVALID_REACTION, which is told to those who
// may react at all.
func readReaction(data *value, maxData int) (r reaction, fault, tooBig *channel.Error) {
	invalid := func(format string, args ...any) (reaction, *channel.Error, *channel.Error) {
		return reaction{}, channel.ErrInvalidReaction.With(format, args...), nil
	}
	switch {
	case len(data.raw) > maxData:
		return r, nil, tooLarge(len(data.raw), maxData)
	case data.isNull():
		return invalid("data is required: it must be an object.")
	case data.kind != object:
		return invalid("data must be an object, not %s.", data.kind)
	}
	var v [3]value
	if err := scanObject(data.raw, []string{"messageId", "reaction", "action"}, v[:]); err != nil {
		return invalid("data cannot be read: %v.", err)
	}
	if faults := appendKindFaults(nil, reactionNames, v[:], []int{0, 1, 2}, text); faults != nil {
		return invalid("%s.", faults)
	}
	for i, name := range reactionNames {
		if v[i].isNull() {
			return invalid("%s is required: it must be a string.", name)
		}
	}
	switch action := v[2].text(); action {
	case "add":
	case "remove":
		r.remove = true
	default:
		return invalid(`data.action must be "add" or "remove".`)
	}
	r.messageID, r.reaction = v[0].text(), v[1].text()
	return r, nil, nil
}

// react reads a frame's reaction.
func (f *frame) react(maxData int) (actors.Command, *channel.Error) {
	if err := f.need(memberChannel); err != nil {
		return nil, err
	}
	r, fault, tooBig := readReaction(&f[memberData], maxData)
	if tooBig != nil {
		return nil, tooBig
	}
	return &actors.React{
		Channel: f[memberChannel].text(), MessageID: r.messageID, Reaction: r.reaction, Remove: r.remove,
		Fault: fault, Schedule: f.schedule(), Ref: f.ref(),
	}, nil
}

// publishedReactions reads a backend's reaction, one for each channel. Its author is the body's uid and umd, or those of the JWT that
// stands in an API key's place, which needs the right to publish hotsock.messageReaction.
func (h *Handler) publishedReactions(c *call, b *body, channels []string) ([]actors.ReactRequest, error) {
	data, fault, tooBig := readReaction(&b.values[publishData], h.o.MaxData)
	switch {
	case tooBig != nil:
		return nil, tooBig
	case fault != nil:
		return nil, fault
	case b.text(publishSchedule) != "":
		return nil, channel.ErrInvalidSchedule.With("A reaction cannot be scheduled; publish it without scheduleExpression.")
	}
	r := actors.ReactRequest{
		MessageID: data.messageID, Reaction: data.reaction, Remove: data.remove,
		Emit: b.isTrue(publishEmit),
	}
	by := c.author()
	if by != nil {
		r.UID, r.UMD = by.UID, by.UMD
	} else if err := h.namedAuthor(b, &r); err != nil {
		return nil, err
	}
	all := make([]actors.ReactRequest, len(channels))
	for i, name := range channels {
		all[i] = r
		all[i].Channel = name
		if by == nil {
			continue
		}
		if err := c.mayReact(b, name, &all[i]); err != nil {
			return nil, err
		}
	}
	if by == nil {
		return all, nil // each channel answers for itself
	}
	return all, r.Check()
}

// namedAuthor takes the reaction's author from the body.
func (h *Handler) namedAuthor(b *body, r *actors.ReactRequest) error {
	if err := b.need(publishUID); err != nil {
		return err
	}
	if r.UID = b.text(publishUID); utf8.RuneCountInString(r.UID) > h.o.MaxUID {
		return channel.ErrInvalidMessage.With("uid must be at most %d characters.", h.o.MaxUID)
	}
	if r.UMD = b.values[publishUMD].compact(); len(r.UMD) > h.o.MaxUMD {
		return channel.ErrInvalidMessage.With("umd is %d bytes; at most %d are allowed.", len(r.UMD), h.o.MaxUMD)
	}
	return nil
}

// mayReact holds a reaction against the caller's token, and fills in what the body leaves to that.
func (c *call) mayReact(b *body, name string, r *actors.ReactRequest) error {
	grant := c.grant(name).Event(reactionEvent)
	mayEmit := grant.EmitPubSubEvent == claims.True
	if !grant.MayPublish(true) {
		return channel.ErrPublishDenied
	}
	if b.values[publishEmit].isNull() {
		r.Emit = mayEmit
	}
	return withinGrant(channel.ErrPublishDenied, 0, -1, r.Emit, mayEmit)
}

// The members of a listReactions call.
const (
	reactionsChannel = iota
	reactionsMessage
)

var reactionsForm = form{
	names:       []string{reactionsChannel: "channel", reactionsMessage: "messageId"},
	memberKinds: memberKinds{texts: []int{reactionsChannel, reactionsMessage}},
	required:    []int{reactionsChannel, reactionsMessage},
}

// listReactions serves POST /connection/listReactions: who reacted to a message, and how, by the time at
// which they did.
//
// Source: Hotsock docs, Client HTTP API, listReactions.
func (h *Handler) listReactions(c *call, who client, b *body) error {
	answer, err := h.do(c, who, &actors.ListReactions{Channel: b.text(reactionsChannel), MessageID: b.text(reactionsMessage)})
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, appendReactions(nil, answer.Result.(*channel.Reactions)))
}

// appendCounts writes what was reacted to one message, as a member behind the others of its object, which is
// still open: {"👍":{"count":2}}, and who did below each if that was asked for. Nothing is {} to those who
// ask for everything, and no member to the others.
func appendCounts(dst []byte, counts []channel.ReactionCount, expand bool) []byte {
	if len(counts) == 0 && !expand {
		return dst
	}
	dst = append(dst, `,"reactions":{`...)
	for i := range counts {
		if i > 0 {
			dst = append(dst, ',')
		}
		k := &counts[i]
		dst = append(appendString(dst, k.Reaction), `:{"count":`...)
		dst = strconv.AppendInt(dst, int64(k.Count), 10)
		if expand {
			dst = append(dst, `,"items":[`...)
			for j := range k.By {
				if j > 0 {
					dst = append(dst, ',')
				}
				dst = append(appendReactor(append(dst, '{'), k.By[j].UID, k.By[j].UMD), '}')
			}
			dst = append(dst, ']')
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendReactor writes who reacted, without braces. A umd that is null is left out.
func appendReactor(dst []byte, uid string, umd []byte) []byte {
	dst = appendString(append(dst, `"uid":`...), uid)
	if umd != nil {
		dst = append(append(dst, `,"umd":`...), umd...)
	}
	return dst
}

// appendReactions writes every reaction to one message.
func appendReactions(dst []byte, all *channel.Reactions) []byte {
	dst = append(dst, `{"reactions":[`...)
	for i := range all.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		x := &all.Items[i]
		dst = append(appendString(append(dst, `{"reaction":`...), x.Reaction), ',')
		dst = append(appendReactor(dst, x.UID, x.UMD), '}')
	}
	return append(dst, `]}`...)
}
