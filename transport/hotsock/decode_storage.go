package hotsock

import (
	"fmt"
	"strconv"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// Beyond Hotsock, a hotsock.channelStorageSet may have a condition, count up, or name several entries:
//
//	{"event":"hotsock.channelStorageSet","channel":"c","key":"k","data":1,"ifVersion":12}
//	{"event":"hotsock.channelStorageSet","channel":"c","key":"k","data":1,"ifAbsent":true}
//	{"event":"hotsock.channelStorageSet","channel":"c","key":"k","increment":1}
//	{"event":"hotsock.channelStorageSet","channel":"c","entries":[{"key":"a","data":1},{"key":"b","increment":-1}]}
//
// All of it is done, or none. With a ref it is answered by an ack that has what the client may read:
//
//	{"event":"hotsock.ack","ref":"r","data":{"seq":13,"entries":[{"key":"a","version":13},{"key":"b","version":13,"data":6}]}}
//
// ifVersion 0 is ifAbsent. A condition that does not hold is STORAGE_CONFLICT, an increment of what is no
// number STORAGE_NOT_A_NUMBER. Versions are shown by these acks, to subscriptions with resume, and by a
// hotsock.channelStorageGet with "version":true; they are numbers that rise with each change of an entry,
// and begin anew, perhaps lower, when a server has been restored from a backup.

// The members of one write, in an entry of entries.
const (
	writeKey = iota
	writeData
	writeIncrement
	writeIfVersion
	writeIfAbsent
	writeMembers
)

var writeNames = []string{
	writeKey: "key", writeData: "data", writeIncrement: "increment", writeIfVersion: "ifVersion", writeIfAbsent: "ifAbsent",
}

// A storageWrite is one entry that is to be written, read but not yet understood.
type storageWrite [writeMembers]value

// writesStorage says whether a set is more than Hotsock's.
func (f *frame) writesStorage() bool {
	for i := memberEntries; i <= memberIfAbsent; i++ {
		if !f[i].isNull() {
			return true
		}
	}
	return false
}

func (f *frame) writeStorage(maxData int) (actors.Command, *channel.Error) {
	if err := f.need(memberChannel); err != nil {
		return nil, err
	}
	one := storageWrite{
		writeKey: f[memberKey], writeData: f[memberData], writeIncrement: f[memberIncrement],
		writeIfVersion: f[memberIfVersion], writeIfAbsent: f[memberIfAbsent],
	}
	writes, err := readWrites(&one, &f[memberEntries], maxData)
	if err != nil {
		return nil, err
	}
	return &actors.WriteStorage{Channel: f[memberChannel].text(), Writes: writes, Schedule: f.schedule(), Ref: f.ref()}, nil
}

// readWrites reads the one write, or those of entries if there are any.
func readWrites(one *storageWrite, entries *value, maxData int) ([]channel.StorageWrite, *channel.Error) {
	if entries.isNull() {
		w, err := one.read("", maxData)
		return []channel.StorageWrite{w}, err
	}
	for i := range one {
		if one[i].kind != absent {
			return nil, channel.ErrInvalidMessage.With("%s must be in entries, where entries are.", writeNames[i])
		}
	}
	if entries.kind != array {
		return nil, channel.ErrInvalidMessage.With("entries must be an array, not %s.", entries.kind)
	}
	items := elements(entries)
	writes := make([]channel.StorageWrite, 0, len(items))
	for i := range items {
		prefix := fmt.Sprintf("entries[%d].", i)
		if items[i].kind != object {
			return nil, channel.ErrInvalidMessage.With("entries[%d] must be an object, not %s.", i, items[i].kind)
		}
		var w storageWrite
		if err := scanObject(items[i].raw, writeNames, w[:]); err != nil {
			return nil, channel.ErrInvalidMessage.With("entries[%d] cannot be read: %v.", i, err)
		}
		read, err := w.read(prefix, maxData)
		if err != nil {
			return nil, err
		}
		writes = append(writes, read)
	}
	return writes, nil
}

// read understands a write. prefix is where it stands, for faults.
func (w *storageWrite) read(prefix string, maxData int) (channel.StorageWrite, *channel.Error) {
	refuse := func(format string, args ...any) (channel.StorageWrite, *channel.Error) {
		return channel.StorageWrite{}, channel.ErrInvalidMessage.With(prefix+format, args...)
	}
	for _, must := range []struct {
		member int
		kind   kind
	}{{writeKey, text}, {writeIncrement, number}, {writeIfVersion, number}, {writeIfAbsent, boolean}} {
		if v := &w[must.member]; !v.isNull() && v.kind != must.kind {
			return refuse("%s must be %s, not %s.", writeNames[must.member], must.kind, v.kind)
		}
	}
	read := channel.StorageWrite{Key: w[writeKey].text(), Increment: string(w[writeIncrement].raw), IfVersion: -1}
	if w[writeIncrement].isNull() {
		read.Increment = ""
	}
	if w[writeKey].isNull() {
		return refuse("key is required: it must be a string.")
	}
	if read.Increment != "" && w[writeData].kind != absent {
		return refuse("increment and data cannot be together.")
	}
	if v := &w[writeIfVersion]; !v.isNull() {
		version, err := strconv.ParseUint(string(v.raw), 10, 63)
		if err != nil {
			return refuse("ifVersion must be a whole number from 0 on.")
		}
		read.IfVersion = int64(version)
	}
	if w[writeIfAbsent].isTrue() {
		if read.IfVersion > 0 {
			return refuse("ifAbsent and ifVersion cannot be together.")
		}
		read.IfVersion = 0
	}
	data, err := compactData(&w[writeData], maxData)
	read.Data = data
	return read, err
}

// elements returns the values in an array that was scanned.
func elements(list *value) (items []value) {
	s := scanner{data: list.raw, at: 1}
	for s.space(); s.peek() != ']'; s.space() {
		if s.peek() == ',' {
			s.at++
			continue
		}
		var v value
		if !s.value(&v) {
			return items // it was scanned before: there is no fault to find
		}
		items = append(items, v)
	}
	return items
}

// appendWritten adds what a set of entries led to.
func appendWritten(dst []byte, w *channel.StorageWritten) []byte {
	dst = append(dst, `"entries":[`...)
	for i := range w.Entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		e := &w.Entries[i]
		dst = appendString(append(dst, `{"key":`...), e.Key)
		if e.Version != 0 {
			dst = strconv.AppendUint(append(dst, `,"version":`...), e.Version, 10)
		}
		if e.Data != nil {
			dst = append(append(dst, `,"data":`...), e.Data...)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
