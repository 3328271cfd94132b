package hotsock

import (
	"net/http"
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// arnPrefix is what the docs' schedules are called by, without the id at the end.
const arnPrefix = "arn:hotsock:scheduler:local:0:schedule/default/"

func appendARN(dst []byte, id ulid.ULID) []byte {
	return append(appendID(append(append(dst, '"'), arnPrefix...), id), '"')
}

// scheduleOf returns the schedule of a publish, the zero one if it has none.
func scheduleOf(b *body) actors.Schedule {
	if b.text(publishSchedule) == "" {
		return actors.Schedule{} // a time zone alone says nothing
	}
	return actors.Schedule{Expression: b.text(publishSchedule), Timezone: b.text(publishTimezone)}
}

// addSchedule serves POST /schedules: a publish as POST /publish takes it, that has a schedule, which may
// recur. This is an addition to the protocol, whose own publish is scheduled once.
func (h *Handler) addSchedule(c *call) error { return h.takePublish(c, true) }

// listSchedules serves GET /schedules?channel=c&after=id&limit=100: a page of schedules in the order in which
// they were made.
func (h *Handler) listSchedules(c *call) error {
	name := c.r.URL.Query().Get("channel")
	if name != "" {
		if err := checkChannel(name); err != nil {
			return err
		}
	}
	return h.pageOfSchedules(c, name)
}

// channelSchedules serves GET /channels/{name}/schedules: the same for one channel.
func (h *Handler) channelSchedules(c *call) error {
	if err := checkChannel(c.names[0]); err != nil {
		return err
	}
	return h.pageOfSchedules(c, c.names[0])
}

func (h *Handler) pageOfSchedules(c *call, name string) error {
	query := c.r.URL.Query()
	limit, err := pageSize(query)
	if err != nil {
		return err
	}
	page, err := h.o.engine.Schedules(c.ctx, h.o.App, name, query.Get("after"), limit)
	if err != nil {
		return err
	}
	answer := []byte(`{"items":[`)
	for i := range page.Items {
		if i > 0 {
			answer = append(answer, ',')
		}
		answer = append(appendSchedule(answer, &page.Items[i]), '}')
	}
	return c.answer(http.StatusOK, appendMore(append(answer, ']'), page.More))
}

// getSchedule serves GET /schedules/{id}.
func (h *Handler) getSchedule(c *call) error {
	info, err := h.o.engine.Schedule(c.ctx, h.o.App, c.names[0])
	return answerSchedule(c, info, err)
}

// cancelSchedule serves DELETE /schedules/{id}, and answers with what will not be.
func (h *Handler) cancelSchedule(c *call) error {
	info, err := h.o.engine.CancelSchedule(c.ctx, h.o.App, c.names[0])
	return answerSchedule(c, info, err)
}

func answerSchedule(c *call, info *channel.ScheduleInfo, err error) error {
	if err != nil {
		return err
	}
	answer := appendSchedule(nil, info)
	answer = strconv.AppendInt(append(answer, `,"store":`...), info.Store, 10)
	answer = appendValue(append(answer, `,"data":`...), info.Data)
	meta := info.Meta
	if meta == nil {
		meta = &channel.Meta{}
	}
	answer = appendMeta(append(answer, `,"meta":`...), meta)
	return c.answer(http.StatusOK, append(answer, '}'))
}

// appendSchedule writes a schedule without the brace at its end.
func appendSchedule(dst []byte, s *channel.ScheduleInfo) []byte {
	dst = append(appendID(append(dst, `{"id":"`...), s.ID), '"')
	dst = appendARN(append(dst, `,"scheduleArn":`...), s.ID)
	dst = appendString(append(dst, `,"channel":`...), s.Channel)
	if s.Key == "" {
		dst = appendString(append(dst, `,"event":`...), s.Event)
	} else {
		dst = appendString(append(dst, `,"event":"`+storageSetEvent+`","key":`...), s.Key)
	}
	dst = append(s.Due.AppendFormat(append(dst, `,"dueAt":"`...), time.RFC3339), '"')
	dst = append(s.CreatedAt.AppendFormat(append(dst, `,"createdAt":"`...), "2006-01-02T15:04:05.000Z07:00"), '"')
	dst = appendString(append(dst, `,"scheduleExpression":`...), s.Expression)
	dst = append(dst, `,"scheduleExpressionTimezone":`...)
	if s.Timezone == "" {
		return append(dst, `"UTC"`...)
	}
	return appendString(dst, s.Timezone)
}
