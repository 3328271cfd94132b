package hotsock

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// maxRef is how many characters a client's ref may have: it comes back with every answer.
const maxRef = 64

// The members of a client frame that mean something.
const (
	memberEvent = iota
	memberChannel
	memberData
	memberKey
	memberRef
	memberSchedule
	memberTimezone
	memberVersion
	memberEntries
	memberIncrement
	memberIfVersion
	memberIfAbsent
	frameMembers
)

var frameNames = []string{
	memberEvent:    "event",
	memberChannel:  "channel",
	memberData:     "data",
	memberKey:      "key",
	memberRef:      "ref",
	memberSchedule: "scheduleExpression",
	memberTimezone: "scheduleExpressionTimezone",

	// Not Hotsock's: see decode_storage.go.
	memberVersion:   "version",
	memberEntries:   "entries",
	memberIncrement: "increment",
	memberIfVersion: "ifVersion",
	memberIfAbsent:  "ifAbsent",
}

// frameTexts are the members that must be strings, or null, which is as if they were not there.
var frameTexts = []int{memberEvent, memberChannel, memberKey, memberRef, memberSchedule, memberTimezone}

// A frame is one client frame, read but not yet understood.
type frame [frameMembers]value

// A refusal is a frame that goes no further: it is answered with an error frame.
type refusal struct {
	err     *channel.Error
	channel string // as the client wrote it, empty if the frame had none that could be read
	ref     string
}

// decode reads one client frame and returns the command that it stands for. Both results are nil for the
// few frames that are silently ignored.
//
// The frame is read as scanObject says; its members are checked in this order: types, ref, the presence of
// event, channel and key, the size of data, which is at most maxData bytes once it is compact. Names are
// checked by the engine, which knows what an alias stands for. data is not kept: the command's Data is a
// copy.
//
// Source: Hotsock docs, Client Messages, "Message format" and Connections, "Client events".
func decode(data []byte, maxData int) (actors.Command, *refusal) {
	var f frame
	if err := scanObject(data, frameNames, f[:]); err != nil {
		return nil, &refusal{err: channel.ErrInvalidMessage.With("The message is not a JSON object that can be read: %v.", err)}
	}
	cmd, err := f.command(maxData)
	if err != nil {
		return nil, &refusal{err, f[memberChannel].text(), f.ref()}
	}
	return cmd, nil
}

// peekRef reads what an error frame repeats of a client frame that is refused unread.
func peekRef(data []byte) (channel, ref string) {
	var f frame
	if scanObject(data, frameNames, f[:]) != nil {
		return "", ""
	}
	return f[memberChannel].text(), f.ref()
}

func (f *frame) command(maxData int) (actors.Command, *channel.Error) {
	if err := checkKinds(frameNames, f[:], frameTexts, text); err != nil {
		return nil, err
	}
	if r := &f[memberRef]; r.kind == text && utf8.RuneCount(r.bytes()) > maxRef {
		return nil, channel.ErrInvalidMessage.With("ref must be at most %d characters.", maxRef)
	}
	if err := f.need(memberEvent); err != nil {
		return nil, err
	}
	event := f[memberEvent].bytes()
	if !bytes.HasPrefix(event, systemPrefix) {
		return f.publish(maxData)
	}
	switch systemEvent(event) {
	case eventSubscribe:
		return f.subscribe(maxData)
	case eventUnsubscribe:
		return f.unsubscribe()
	case eventStorageSet:
		return f.setStorage(maxData)
	case eventStorageGet:
		return f.getStorage()
	case eventReaction:
		return f.react(maxData)
	case eventUMDUpdate:
		return f.updateUMD(maxData)
	case eventHeartbeat:
		return &actors.Heartbeat{Ref: f.ref()}, nil
	case eventPing:
		return &actors.Ping{Ref: f.ref()}, nil
	case eventPong:
		return nil, nil // how clients answer a server's ping
	}
	return nil, channel.ErrUnknownEvent
}

var systemPrefix = []byte(claims.SystemPrefix)

func (f *frame) publish(maxData int) (actors.Command, *channel.Error) {
	if err := f.need(memberChannel); err != nil {
		return nil, err
	}
	data, err := f.data(maxData)
	if err != nil {
		return nil, err
	}
	names := f.texts(memberChannel, memberEvent, memberRef)
	return &actors.Publish{Channel: names[0], Event: names[1], Ref: names[2], Data: data, Schedule: f.schedule()}, nil
}

func (f *frame) subscribe(maxData int) (actors.Command, *channel.Error) {
	if err := f.need(memberChannel); err != nil {
		return nil, err
	}
	cmd := &actors.Subscribe{Channel: f[memberChannel].text(), Ref: f.ref()}
	if err := f.subscribeData(cmd, maxData); err != nil {
		return nil, err
	}
	return cmd, nil
}

func (f *frame) unsubscribe() (actors.Command, *channel.Error) {
	if err := f.need(memberChannel); err != nil {
		return nil, err
	}
	return &actors.Unsubscribe{Channel: f[memberChannel].text(), Ref: f.ref()}, nil
}

func (f *frame) setStorage(maxData int) (actors.Command, *channel.Error) {
	if f.writesStorage() {
		return f.writeStorage(maxData)
	}
	if err := f.need(memberChannel, memberKey); err != nil {
		return nil, err
	}
	data, err := f.data(maxData)
	if err != nil {
		return nil, err
	}
	names := f.texts(memberChannel, memberKey, memberRef)
	return &actors.SetStorage{Channel: names[0], Key: names[1], Ref: names[2], Data: data, Schedule: f.schedule()}, nil
}

func (f *frame) getStorage() (actors.Command, *channel.Error) {
	if err := f.need(memberChannel, memberKey); err != nil {
		return nil, err
	}
	if err := checkKinds(frameNames, f[:], []int{memberVersion}, boolean); err != nil {
		return nil, err
	}
	return &actors.GetStorage{
		Channel: f[memberChannel].text(), Key: f[memberKey].text(), Ref: f.ref(), Version: f[memberVersion].isTrue(),
	}, nil
}

// updateUMD is about the connection itself if there is no channel.
func (f *frame) updateUMD(maxData int) (actors.Command, *channel.Error) {
	if name := &f[memberChannel]; name.kind == text && len(name.bytes()) == 0 {
		return nil, channel.ErrInvalidChannel.With("%s.", sentence(claims.CheckChannel("")))
	}
	token, err := f.token(maxData)
	if err != nil {
		return nil, err
	}
	return &actors.UpdateUMD{Channel: f[memberChannel].text(), Token: token, Schedule: f.schedule(), Ref: f.ref()}, nil
}

// need refuses a frame without one of these members. An empty name is there; the engine refuses it.
func (f *frame) need(members ...int) *channel.Error {
	for _, i := range members {
		if f[i].isNull() {
			return channel.ErrInvalidMessage.With("%s is required: it must be a string.", frameNames[i])
		}
	}
	return nil
}

// texts returns three members' texts, "" for one that is no string. They are cut from one string, so that the names of
// a frame are one allocation.
func (f *frame) texts(a, b, c int) (texts [3]string) {
	var room [256]byte
	all, ends := room[:0], [3]int{}
	for i, member := range [...]int{a, b, c} {
		all = append(all, f[member].bytes()...)
		ends[i] = len(all)
	}
	whole, from := string(all), 0
	for i, end := range ends {
		texts[i], from = whole[from:end], end
	}
	return texts
}

// ref returns the frame's ref if it is one that may come back.
func (f *frame) ref() string {
	if r := f[memberRef].bytes(); utf8.RuneCount(r) <= maxRef {
		return string(r)
	}
	return ""
}

func (f *frame) schedule() actors.Schedule {
	return actors.Schedule{Expression: f[memberSchedule].text(), Timezone: f[memberTimezone].text()}
}

// data returns the compact data. A frame whose data is too large never reaches the engine, so that its
// names are checked here: their faults are told first.
func (f *frame) data(maxData int) ([]byte, *channel.Error) {
	data, err := compactData(&f[memberData], maxData)
	if err == nil {
		return data, nil
	}
	if event := f[memberEvent].text(); !strings.HasPrefix(event, claims.SystemPrefix) {
		if fault := claims.CheckEvent(event); fault != nil {
			return nil, channel.ErrInvalidEvent.With("%s.", sentence(fault))
		}
	}
	if fault := claims.CheckChannel(f[memberChannel].text()); fault != nil {
		return nil, channel.ErrInvalidChannel.With("%s.", sentence(fault))
	}
	return nil, err
}

// compactData returns v as a command keeps it, or DATA_TOO_LARGE.
func compactData(v *value, maxData int) ([]byte, *channel.Error) {
	if len(v.raw) > maxData && !v.spaced {
		return nil, tooLarge(len(v.raw), maxData)
	}
	data := v.compact()
	if len(data) > maxData {
		return nil, tooLarge(len(data), maxData)
	}
	return data, nil
}

func tooLarge(size, maxData int) *channel.Error {
	return channel.ErrDataTooLarge.With("The data is %d bytes; at most %d are allowed.", size, maxData)
}

// token returns data.token, empty if there is none.
func (f *frame) token(maxData int) (string, *channel.Error) {
	var token [1]value
	if err := f.dataObject([]string{"token"}, token[:], maxData); err != nil {
		return "", err
	}
	if err := checkKinds([]string{"data.token"}, token[:], []int{0}, text); err != nil {
		return "", err
	}
	return token[0].text(), nil
}

// dataObject reads the members of data, which must be an object or null.
func (f *frame) dataObject(names []string, into []value, maxData int) *channel.Error {
	data := &f[memberData]
	switch {
	case data.isNull():
		return nil
	case data.kind != object:
		return channel.ErrInvalidMessage.With("data must be an object, not %s.", data.kind)
	case len(data.raw) > maxData:
		return tooLarge(len(data.raw), maxData)
	}
	if err := scanObject(data.raw, names, into); err != nil {
		return channel.ErrInvalidMessage.With("data cannot be read: %v.", err)
	}
	return nil
}

// checkKinds refuses members that are neither null nor of the kind they must be, all in one sentence.
func checkKinds(names []string, values []value, members []int, want kind) *channel.Error {
	faults := appendKindFaults(nil, names, values, members, want)
	if faults == nil {
		return nil
	}
	return channel.ErrInvalidMessage.With("%s.", faults)
}

func appendKindFaults(dst []byte, names []string, values []value, members []int, want kind) []byte {
	for _, i := range members {
		v := &values[i]
		if v.isNull() || v.kind == want {
			continue
		}
		if dst != nil {
			dst = append(dst, "; "...)
		}
		dst = append(append(append(append(append(dst, names[i]...), " must be "...), want.String()...), ", not "...), v.kind.String()...)
	}
	return dst
}

// sentence makes a rule's words begin with a capital letter.
func sentence(fault error) string {
	s := fault.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}
