package acceptance

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
)

const schedulesEach = 10 // of a channel

// TestSchedulesThroughAKill schedules messages on channels that sleep, all within some seconds, kills the server
// in the middle of them and starts it again: each is sent exactly once. How late they were is logged and not
// judged.
func TestSchedulesThroughAKill(t *testing.T) {
	s := serve(t, defaults())
	ctx := t.Context()
	n := scheduleChannels * schedulesEach
	first := time.Now().Add(time.Duration(n)*15*time.Millisecond + 5*time.Second).Truncate(time.Second)
	for i := range n {
		due := first.Add(time.Duration(i%scheduleSeconds) * time.Second)
		resp, err := s.publish(ctx, fmt.Sprintf(`{"channel":"later.%d","event":"e","data":{"n":%d,"due":%d},"store":3600,"scheduleExpression":"at(%s)"}`,
			i/schedulesEach, i, due.UnixMilli(), due.UTC().Format("2006-01-02T15:04:05")))
		if err != nil || resp.status != 202 {
			t.Fatal(resp, err)
		}
	}
	<-time.After(time.Until(first.Add(scheduleSeconds * time.Second / 2)))
	s.kill()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Until(first.Add(scheduleSeconds * time.Second)))
	for deadline := time.Now().Add(patience); ; {
		resp, err := s.request(ctx, "GET", "http://"+s.addr+"/schedules?limit=1", apiKey, "")
		if err != nil || resp.status != 200 {
			t.Fatal(resp, err)
		}
		var page struct{ Items []json.RawMessage }
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Items) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still waiting: %s", resp.body)
		}
		<-time.After(100 * time.Millisecond)
	}
	sent, worst := map[int]int{}, int64(0)
	for c := range scheduleChannels {
		resp, err := s.request(ctx, "GET", "http://"+s.addr+"/channels/"+url.PathEscape(fmt.Sprintf("later.%d", c))+"/messages", apiKey, "")
		if err != nil || resp.status != 200 {
			t.Fatal(resp, err)
		}
		var page struct {
			Messages []struct {
				ID   string
				Data struct {
					N   int
					Due int64
				}
			}
		}
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			sent[m.Data.N]++
			id, err := ulid.Parse(m.ID)
			if err != nil {
				t.Fatal(err)
			}
			worst = max(worst, int64(id.Time())-m.Data.Due)
		}
	}
	for i := range n {
		if sent[i] != 1 {
			t.Errorf("message %d was sent %d times", i, sent[i])
		}
	}
	t.Logf("%d messages on %d channels, the latest by %d ms as its id says, which runs ahead of the clock after a kill", len(sent), scheduleChannels, worst)
}
