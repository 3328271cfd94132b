package hotsock

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// The pace of a tail, which is for a person who looks on.
const (
	tailBeat     = time.Second
	tailDeadline = 5 * time.Second // of one write
)

func tailRoutes() []route {
	return []route{{http.MethodGet, []string{"channels", anySegment, "tail"}, "tail", true, "", (*Handler).tail}}
}

// tail serves GET /channels/{name}/tail?every=&seconds=: what the channel tells its subscribers, as it does,
// one frame a line (application/x-ndjson), or as text/event-stream for who accepts that. It is not a
// subscription: nobody is told of it, but the log is. A tail ends after seconds, Options.MaxTailTime at most, and
// when the server stops; frames that it has no time for are left out, and {"dropped":n} says how many so far.
func (h *Handler) tail(c *call) error {
	if err := checkChannel(c.names[0]); err != nil {
		return err
	}
	query := c.r.URL.Query()
	longest := int(h.o.MaxTailTime / time.Second)
	numbers := map[string]int{"every": 1, "seconds": longest}
	for name, most := range map[string]int{"every": 1 << 20, "seconds": longest} {
		if text := query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > most {
				return channel.ErrInvalidMessage.With("%s must be a whole number from 1 to %d.", name, most)
			}
			numbers[name] = n
		}
	}
	t, err := h.o.engine.Tail(c.ctx, h.o.App, c.names[0], actors.TailOptions{Codec: Codec{}, Every: numbers["every"]})
	if err != nil {
		return err
	}
	defer t.Close()
	h.audit(c, "tail begins", "channel", c.names[0])
	ctx, cancel := context.WithTimeout(c.r.Context(), time.Duration(numbers["seconds"])*time.Second)
	defer cancel()
	c.status = http.StatusOK
	sent := h.stream(ctx, c, t, strings.Contains(c.r.Header.Get("Accept"), "text/event-stream"))
	h.audit(c, "tail ends", "channel", c.names[0], "frames", sent, "dropped", t.Dropped())
	return nil
}

// stream writes frames until ctx ends, the client leaves, or the server stops.
func (h *Handler) stream(ctx context.Context, c *call, t *actors.Tail, events bool) (sent int) {
	head, end, kind := "", "\n", "application/x-ndjson"
	if events {
		head, end, kind = "data: ", "\n\n", "text/event-stream"
	}
	c.w.Header().Set("Content-Type", kind)
	c.w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(c.w)
	_ = out.SetReadDeadline(time.Time{}) // a call's limit is for its body: a read that runs into it here would look like a client that left
	write := func(frame []byte) bool {
		_ = out.SetWriteDeadline(time.Now().Add(tailDeadline)) // a writer without deadlines has none to set
		_, err := fmt.Fprintf(c.w, "%s%s%s", head, frame, end)
		return err == nil && out.Flush() == nil
	}
	if out.Flush() != nil {
		return 0
	}
	beat := time.NewTicker(tailBeat)
	defer beat.Stop()
	var dropped uint64
	for {
		select {
		case <-ctx.Done():
			return sent
		case frame := <-t.Frames:
			ok := write(frame)
			t.Done(frame)
			if !ok {
				return sent
			}
			sent++
		case <-beat.C:
			if h.o.Draining() {
				return sent
			}
			if n := t.Dropped(); n != dropped {
				dropped = n
				if !write(fmt.Appendf(nil, `{"dropped":%d}`, n)) {
					return sent
				}
			}
		}
	}
}
