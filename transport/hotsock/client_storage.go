package hotsock

import (
	"net/http"

	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// The members of a channelStorageSet call. Those from entries on are not Hotsock's: see decode_storage.go, whose
// frame they are of.
const (
	setChannel = iota
	setKey
	setData
	setSchedule
	setTimezone
	setEntries
	setIncrement
	setIfVersion
	setIfAbsent
)

var setForm = form{
	names: []string{
		setChannel:   "channel",
		setKey:       "key",
		setData:      "data",
		setSchedule:  "scheduleExpression",
		setTimezone:  "scheduleExpressionTimezone",
		setEntries:   "entries",
		setIncrement: "increment",
		setIfVersion: "ifVersion",
		setIfAbsent:  "ifAbsent",
	},
	memberKinds: memberKinds{texts: []int{setChannel, setKey, setSchedule, setTimezone}},
	required:    []int{setChannel},
}

// setEntryAsClient serves POST /connection/channelStorageSet: one entry, or with a condition, an increment or
// entries what [publishEntries] does for backends, with the connection's rights. channel comes back as it was
// sent.
func (h *Handler) setEntryAsClient(c *call, who client, b *body) error {
	for i := setEntries; i <= setIfAbsent; i++ {
		if !b.values[i].isNull() {
			return h.writeEntriesAsClient(c, who, b)
		}
	}
	if err := b.need(setKey); err != nil {
		return err
	}
	data, tooLarge := compactData(&b.values[setData], h.o.MaxData)
	if tooLarge != nil {
		return tooLarge
	}
	name := b.text(setChannel)
	answer, err := h.do(c, who, &actors.SetStorage{Channel: name, Key: b.text(setKey), Data: data, Schedule: b.setSchedule()})
	if err != nil {
		return err
	}
	return c.answer(http.StatusAccepted, appendAccepted(nil, name, storageSetEvent, ulid.ULID{}, new(publication).schedule(outcomeOf(answer))))
}

func (h *Handler) writeEntriesAsClient(c *call, who client, b *body) error {
	one := storageWrite{
		writeKey: b.values[setKey], writeData: b.values[setData], writeIncrement: b.values[setIncrement],
		writeIfVersion: b.values[setIfVersion], writeIfAbsent: b.values[setIfAbsent],
	}
	writes, refused := readWrites(&one, &b.values[setEntries], h.o.MaxData)
	if refused != nil {
		return refused
	}
	name := b.text(setChannel)
	answer, err := h.do(c, who, &actors.WriteStorage{Channel: name, Writes: writes, Schedule: b.setSchedule()})
	if err != nil {
		return err
	}
	return c.answer(http.StatusAccepted, appendEntriesDone(name, answer.Result.(*channel.StorageWritten)))
}

func (b *body) setSchedule() actors.Schedule {
	return actors.Schedule{Expression: b.text(setSchedule), Timezone: b.text(setTimezone)}
}

// appendEntriesDone writes what is said of entries that were written together.
func appendEntriesDone(name string, written *channel.StorageWritten) []byte {
	answer := appendString([]byte(`{"channel":`), name)
	answer = appendString(append(answer, `,"event":`...), storageSetEvent)
	return append(appendWritten(append(answer, ','), written), '}')
}
