package hotsock

import (
	"strconv"

	"dormouse/actors/channel"
)

// AppendNumbered adds what a subscription with resume reads besides: seq to what the channel told, and
// version to an entry that is set.
//
//	{"id":"…","event":"chat","channel":"c","data":1,"seq":17}
//	{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":1,"meta":{…},"seq":18,"version":9}
func (Codec) AppendNumbered(frame []byte, m *channel.Message) []byte {
	hasVersion := (m.Kind == channel.KindStorageUpdated || m.Kind == channel.KindStorageData) && m.Data != nil && m.Seq != 0
	if m.Number == 0 && !hasVersion || len(frame) == 0 {
		return frame
	}
	const room = len(`,"seq":,"version":`) + 2*20
	dst := append(make([]byte, 0, len(frame)+room), frame[:len(frame)-1]...)
	if m.Number != 0 {
		dst = strconv.AppendUint(append(dst, `,"seq":`...), m.Number, 10)
	}
	if hasVersion {
		dst = strconv.AppendUint(append(dst, `,"version":`...), m.Seq, 10)
	}
	return append(dst, '}')
}

// appendResumption adds the members of a hotsock.subscribed's data for a subscription with resume: how many
// frames follow is missed after a return that recovered everything, and snapshot after any other subscribe.
func appendResumption(dst []byte, r *channel.Resumption) []byte {
	dst = appendString(append(dst, `"epoch":`...), r.Epoch)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), r.Seq, 10)
	if r.Returned {
		dst = strconv.AppendBool(append(dst, `,"recovered":`...), r.Recovered)
	}
	if r.Recovered {
		return strconv.AppendInt(append(dst, `,"missed":`...), int64(r.Missed), 10)
	}
	return strconv.AppendInt(append(dst, `,"snapshot":`...), int64(r.Snapshot), 10)
}
