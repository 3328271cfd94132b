package peers

import "dormouse/bench/load"

// raw is the dialect of the servers that mark the raw limit. What a client is for, it says when it
// connects; what it then sends goes to the others as it stands, so it is as long as the real server's
// frames are.
type raw struct{ like hotsock }

// Protocol is a WebSocket to target.
func (r raw) Protocol(c Client) load.Protocol { return &load.WebSocket{Target: r.target(c)} }

func (r raw) target(c Client) string {
	role := "subscribe"
	switch {
	case c.Rights&(Publish|Subscribe) == Publish|Subscribe:
		role = "both"
	case c.Rights&Publish != 0:
		role = "publish"
	case c.Rights&(Set|Get) == Set|Get:
		role = "fill"
	case c.Rights&Get != 0:
		role = "get"
	case c.Rights&Set != 0:
		role = "set"
	}
	return "/?channel=" + c.Channel + "&role=" + role + "&" + r.like.target(c)[len("/?"):]
}

func (raw) Subscribe(dst []byte, _ string) []byte { return dst }

const meta = `,"meta":{"uid":"writer.000000","umd":null}}`

func (raw) Publish(dst []byte, channel string, data []byte) []byte {
	dst = append(append(dst, `{"id":"01J9ZS7Q6V5N4M3K2H1G0F9E8D","event":"tick","channel":"`...), channel...)
	return append(append(append(dst, `","data":`...), data...), meta...)
}

func (raw) Set(dst []byte, channel, key string, data []byte) []byte {
	dst = append(append(dst, `{"event":"hotsock.channelStorageUpdated","channel":"`...), channel...)
	dst = append(append(dst, `","key":"`...), key...)
	return append(append(append(dst, `","data":`...), data...), meta...)
}

// Get is the key alone, in quotes.
func (raw) Get(dst []byte, _, key string) []byte {
	return append(append(append(dst, '"'), key...), '"')
}

func (r raw) Kind(frame []byte) Kind { return r.like.Kind(frame) }
