package hotsock

import (
	"reflect"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/channel"
)

var testScheduleID = ulid.MustParse("01JZ8Y4K3V9QWERTYCDEFGHJKN")

const testARN = "arn:hotsock:scheduler:local:0:schedule/default/01JZ8Y4K3V9QWERTYCDEFGHJKN"

// TestScheduledPublishes: the same body as any publish, and scheduleArn in the answer.
func TestScheduledPublishes(t *testing.T) {
	soon := actors.Schedule{Expression: "at(2030-01-01T00:00:00)", Timezone: "Asia/Tokyo"}
	hourly := actors.Schedule{Expression: "rate(1 hour)"}
	const later = `"scheduleExpression":"at(2030-01-01T00:00:00)","scheduleExpressionTimezone":"Asia/Tokyo"`
	for _, tt := range []struct {
		name, path, body string
		status           int
		answer           string
		asked            any
	}{
		{"a message", "publish", `{"channel":"c","event":"e","data":1,` + later + `}`, 202, `{"channel":"c","event":"e","scheduleArn":"` + testARN + `"}`,
			scheduled{actors.PublishRequest{Channel: "c", Event: "e", Data: []byte("1"), Schedule: soon}}},
		{"with an id", "publish", `{"channel":"c","event":"e","eagerIdGeneration":true,"deduplicationId":"d","store":5,` + later + `}`, 202,
			`{"channel":"c","event":"e","id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","scheduleArn":"` + testARN + `"}`,
			scheduled{actors.PublishRequest{Channel: "c", Event: "e", Store: 5, DeduplicationID: "d", EagerID: true, Schedule: soon}}},
		{"an entry", "publish", `{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":null,` + later + `}`, 202,
			`{"channel":"c","event":"hotsock.channelStorageSet","scheduleArn":"` + testARN + `"}`,
			scheduled{actors.SetStorageRequest{Channel: "c", Key: "k", Store: -1, Schedule: soon}}},
		{"a time zone alone", "publish", `{"channel":"c","event":"e","scheduleExpression":"","scheduleExpressionTimezone":"Asia/Tokyo"}`, 202, `{"channel":"c","event":"e"}`,
			actors.PublishRequest{Channel: "c", Event: "e"}},
		{"what recurs", "schedules", `{"channel":"c","event":"e","scheduleExpression":"rate(1 hour)"}`, 202, `{"channel":"c","event":"e","scheduleArn":"` + testARN + `"}`,
			scheduled{actors.PublishRequest{Channel: "c", Event: "e", Schedule: hourly, Recurs: true}}},
		{"an entry that recurs", "schedules", `{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":2,"scheduleExpression":"rate(1 hour)"}`, 202,
			`{"channel":"c","event":"hotsock.channelStorageSet","scheduleArn":"` + testARN + `"}`,
			scheduled{actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte("2"), Store: -1, Schedule: hourly, Recurs: true}}},
		{"no schedule", "schedules", `{"channel":"c","event":"e"}`, 400, errorBody("INVALID_SCHEDULE", "scheduleExpression is required here: at(…), rate(…) or cron(…)."), nil},
		{"a schedule that is no text", "publish", `{"channel":"c","event":"e","scheduleExpression":1}`, 400, errorBody("INVALID_MESSAGE", "scheduleExpression must be a string, not a number."), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newRecorder()
			r := request(newTestHandler(t, e, nil), "POST", "http://x/"+tt.path, tt.body)
			if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.answer {
				t.Errorf("\n got %d %s\nwant %d %s", r.StatusCode, got, tt.status, tt.answer)
			}
			asked := e.last()
			switch a := asked.(type) {
			case scheduled:
				switch r := a.request.(type) {
				case actors.PublishRequest:
					r.Origin = actors.Origin{}
					asked = scheduled{r}
				case actors.SetStorageRequest:
					r.Origin = actors.Origin{}
					asked = scheduled{r}
				}
			case actors.PublishRequest:
				a.Origin = actors.Origin{}
				asked = a
			}
			if !reflect.DeepEqual(asked, tt.asked) {
				t.Errorf("asked the engine for %+v, want %+v", asked, tt.asked)
			}
		})
	}
}

func TestSchedulesAPI(t *testing.T) {
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	message := channel.ScheduleInfo{ID: testScheduleID, Channel: "c", Event: "e", Due: at, CreatedAt: at.Add(-time.Hour), Expression: "at(2030-01-01T00:00:00)", Store: 5, Data: []byte(`{"a":1}`), Meta: &channel.Meta{UID: "ann"}}
	entry := channel.ScheduleInfo{ID: testID, Channel: "c", Key: "k", Due: at, CreatedAt: at, Expression: "rate(1 hour)", Timezone: "Asia/Tokyo", Store: -1}
	const first = `{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKN","scheduleArn":"` + testARN + `","channel":"c","event":"e","dueAt":"2030-01-01T00:00:00Z","createdAt":"2029-12-31T23:00:00.000Z","scheduleExpression":"at(2030-01-01T00:00:00)","scheduleExpressionTimezone":"UTC"`
	const second = `{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","scheduleArn":"arn:hotsock:scheduler:local:0:schedule/default/01JZ8Y4K3V9QWERTYCDEFGHJKM","channel":"c","event":"hotsock.channelStorageSet","key":"k","dueAt":"2030-01-01T00:00:00Z","createdAt":"2030-01-01T00:00:00.000Z","scheduleExpression":"rate(1 hour)","scheduleExpressionTimezone":"Asia/Tokyo"`
	for _, tt := range []struct {
		method, path string
		schedule     channel.ScheduleInfo
		status       int
		answer       string
		asked        any
	}{
		{"GET", "schedules", message, 200, `{"items":[` + first + `},` + second + `}],"more":true}`, schedules{"", "", 100}},
		{"GET", "schedules?channel=c&after=x&limit=7", message, 200, `{"items":[` + first + `},` + second + `}],"more":true}`, schedules{"c", "x", 7}},
		{"GET", "channels/a%2Fb/schedules", message, 200, `{"items":[` + first + `},` + second + `}],"more":true}`, schedules{"a/b", "", 100}},
		{"GET", "schedules?limit=x", message, 400, errorBody("INVALID_MESSAGE", "limit must be a whole number."), nil},
		{"GET", "schedules?channel=a%20b", message, 400, errorBody("INVALID_CHANNEL", "A channel name must not contain white space."), nil},
		{"GET", "channels/a%20b/schedules", message, 400, errorBody("INVALID_CHANNEL", "A channel name must not contain white space."), nil},
		{"GET", "schedules/ID", message, 200, first + `,"store":5,"data":{"a":1},"meta":{"uid":"ann","umd":null}}`, "get ID"},
		{"DELETE", "schedules/ID", entry, 200, second + `,"store":-1,"data":null,"meta":{"uid":null,"umd":null}}`, "cancel ID"},
		{"PUT", "schedules/ID", entry, 405, errorBody("METHOD_NOT_ALLOWED", "This path does not take that method."), nil},
	} {
		e := newRecorder()
		e.schedules, e.schedule = channel.Schedules{Items: []channel.ScheduleInfo{message, entry}, More: true}, tt.schedule
		h := newTestHandler(t, e, nil)
		r := request(h, tt.method, "http://x/"+tt.path, "")
		if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.answer {
			t.Errorf("%s %s:\n got %d %s\nwant %d %s", tt.method, tt.path, r.StatusCode, got, tt.status, tt.answer)
		}
		if got := e.last(); !reflect.DeepEqual(got, tt.asked) {
			t.Errorf("%s %s asked for %+v, want %+v", tt.method, tt.path, got, tt.asked)
		}
		if r := request(h, tt.method, "http://x/"+tt.path, "", "Authorization", "Bearer wrong"); r.StatusCode != 401 && tt.status != 405 {
			t.Errorf("%s %s without a key: %d", tt.method, tt.path, r.StatusCode)
		}
	}
	e := newRecorder()
	e.answer = channel.ErrScheduleNotFound
	if r := request(newTestHandler(t, e, nil), "DELETE", "http://x/schedules/x", ""); r.StatusCode != 404 {
		t.Errorf("a schedule that is not there: %d", r.StatusCode)
	}
}

func TestAnAcknowledgedScheduleSaysItsARN(t *testing.T) {
	for _, tt := range []struct {
		m    channel.Message
		want string
	}{
		{channel.Message{Kind: channel.KindAck, Ref: "r", Seq: 3, Key: testScheduleID.String()}, `{"event":"hotsock.ack","ref":"r","data":{"seq":3,"scheduleArn":"` + testARN + `"}}`},
		{channel.Message{Kind: channel.KindAck, Ref: "r", Key: testScheduleID.String()}, `{"event":"hotsock.ack","ref":"r","data":{"scheduleArn":"` + testARN + `"}}`},
	} {
		if got := string(Codec{}.Append(nil, &tt.m)); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}
