package actors_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/persistence"
)

// graceful are options with a grace of so long.
func graceful(d time.Duration) actors.Options {
	return actors.Options{Channel: channel.Options{LeaveGrace: d}}
}

// joinedBy subscribes each client to presence.r, and lets them read that.
func joinedBy(clients ...*actorstest.Client) {
	for _, c := range clients {
		c.Send(subscribe("presence.r"))
		c.Frames()
	}
	for _, c := range clients {
		c.Frames()
	}
}

// TestAReloadIsNotSeen: a member whose connection breaks is kept for the grace, and then not.
func TestAReloadIsNotSeen(t *testing.T) {
	bubble(t, graceful(10*time.Second), func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(member("ann")), s.Connect(member("bob"))
		joinedBy(ann, bob)
		bob.Hang()
		time.Sleep(9 * time.Second)
		ann.ExpectNone()
		bob = s.Connect(member("bob"))
		bob.Send(subscribe("presence.r"))
		bob.Expect("subscribed presence.r uid=bob members=[ann bob]")
		time.Sleep(time.Minute)
		ann.ExpectNone()

		bob.Hang()
		time.Sleep(9 * time.Second)
		ann.ExpectNone()
		time.Sleep(2 * time.Second)
		ann.Expect("removed presence.r member=bob members=[ann]")
	})
}

// TestWhoIsToGoIsNotKept: who unsubscribes, is kicked, evicted, or whose token is taken back, leaves at once; who
// is closed for another reason is kept.
func TestWhoIsToGoIsNotKept(t *testing.T) {
	bubble(t, graceful(10*time.Second), func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(member("ann"))
		joinedBy(ann)
		for what, end := range map[string]func(bob *actorstest.Client) error{
			"unsubscribed": func(bob *actorstest.Client) error {
				bob.Send(&actors.Unsubscribe{Channel: "presence.r"})
				return nil
			},
			"kicked": func(bob *actorstest.Client) error { return s.Kick(actorstest.App, bob.Connection.ID()) },
			"evicted": func(bob *actorstest.Client) error {
				return s.Evict(t.Context(), actorstest.App, bob.Connection.ID(), "presence.r")
			},
			"revoked": func(bob *actorstest.Client) error {
				_, err := s.Revoke(claims.Revocation{App: actorstest.App, UID: "bob", Until: time.Now().Add(time.Second)})
				time.Sleep(20 * time.Minute)
				return err
			},
		} {
			t.Log(what)
			bob := s.Connect(member("bob"))
			bob.Send(subscribe("presence.r"))
			ann.Expect("added presence.r member=bob members=[ann bob]")
			if err := end(bob); err != nil {
				t.Fatal(err)
			}
			ann.Expect("removed presence.r member=bob members=[ann]")
		}
		c := member("bob")
		c["heartbeatTimeout"] = 30
		bob := s.Connect(c)
		joinedBy(bob)
		ann.Frames()
		time.Sleep(35 * time.Second)
		bob.ExpectClose(4001)
		ann.ExpectNone()
		time.Sleep(6 * time.Second)
		ann.Expect("removed presence.r member=bob members=[ann]")
	})
}

// TestAGraceEndsWhileTheChannelSleeps, over a stop in order: everybody is away then, and backends hear of those
// who do not come back.
func TestAGraceEndsWhileTheChannelSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{types: []string{"hotsock.memberAdded", "hotsock.memberRemoved"}}
		o := eventsTo(b)
		o.Channel.LeaveGrace = time.Minute
		s := actorstest.Start(t, o)
		ann, bob := s.Connect(member("ann")), s.Connect(member("bob"))
		joinedBy(ann, bob)
		b.expect(t, "memberAdded", "memberAdded")
		s.RestartAfter(10 * time.Second)
		bob = s.Connect(member("bob"))
		bob.Send(subscribe("presence.r"))
		bob.Expect("subscribed presence.r uid=bob members=[ann bob]")
		b.expect(t)
		time.Sleep(time.Minute)
		bob.Expect("removed presence.r member=ann members=[bob]")
		if got := b.expect(t, "memberRemoved"); got[0].Data["uid"] != "ann" {
			t.Errorf("%+v", got)
		}
		bob.Hang()
		time.Sleep(30 * time.Second)
		if n := s.Stats().Awake; n != 0 {
			t.Errorf("%d channels are awake", n)
		}
		b.expect(t)
		time.Sleep(40 * time.Second)
		b.expect(t, "memberRemoved")
		info, err := s.ChannelInfo(context.Background(), actorstest.App, "presence.r")
		if err != nil || len(info.Members) != 0 {
			t.Errorf("%+v %v", info, err)
		}
	})
}

// TestAGraceGoesOnAfterACrash: who was away then is still expected, until the same moment.
func TestAGraceGoesOnAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		s := actorstest.StartOn(t, graceful(time.Minute), func(p *persistence.Options) { p.FS = disk })
		ann, bob, cid := s.Connect(member("ann")), s.Connect(member("bob")), s.Connect(member("cid"))
		joinedBy(ann, bob, cid)
		bob.Hang()
		cid.Hang()
		ann.ExpectNone()
		crashed := disk.CrashClone(vfs.CrashCloneCfg{})
		time.Sleep(10 * time.Second)
		s = actorstest.StartOn(t, graceful(time.Minute), func(p *persistence.Options) { p.FS = crashed })
		ann = s.Connect(member("ann"))
		ann.Send(subscribe("presence.r"))
		ann.Expect("subscribed presence.r uid=ann members=[ann bob cid]")
		bob = s.Connect(member("bob"))
		joinedBy(bob)
		time.Sleep(51 * time.Second)
		ann.Expect("removed presence.r member=cid members=[ann bob]")
		ann.ExpectNone()
	})
}

// TestACrashIsAConnectionThatBroke: members that were connected when the process died have their grace from the next
// start on. Who is back by then neither came nor went; backends hear of the others, and nobody has to ask.
func TestACrashIsAConnectionThatBroke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{types: []string{"hotsock.memberAdded", "hotsock.memberUpdated", "hotsock.memberRemoved"}}
		o := eventsTo(b)
		o.Channel.LeaveGrace = time.Minute
		disk := vfs.NewCrashableMem()
		s := actorstest.StartOn(t, o, func(p *persistence.Options) { p.FS = disk })
		ann, bob := s.Connect(member("ann")), s.Connect(member("bob"))
		cid := s.Connect(map[string]any{"uid": "cid", "channels": map[string]any{"presence.*": map[string]any{"subscribe": true}}})
		joinedBy(ann, bob, cid)
		cid.Send(subscribe("presence.s"), &actors.Unsubscribe{Channel: "presence.s"}, subscribe("presence.t"))
		cid.Frames()
		b.take()
		crash := func() {
			t.Helper()
			disk = disk.CrashClone(vfs.CrashCloneCfg{})
			s = actorstest.StartOn(t, o, func(p *persistence.Options) { p.FS = disk })
		}
		crash()
		time.Sleep(50 * time.Second)
		ann = s.Connect(member("ann"))
		ann.Send(subscribe("presence.r"))
		ann.Expect("subscribed presence.r uid=ann members=[ann bob cid]")
		b.expect(t)
		time.Sleep(11 * time.Second)
		ann.Expect("removed presence.r member=bob members=[ann cid]", "removed presence.r member=cid members=[ann]")
		for _, e := range b.expect(t, "memberRemoved", "memberRemoved", "memberRemoved") {
			if e.Data["uid"] == "ann" {
				t.Errorf("%+v", e)
			}
		}
		crash() // and nobody comes
		time.Sleep(58 * time.Second)
		b.expect(t)
		if info, err := s.ChannelInfo(t.Context(), actorstest.App, "presence.r"); err != nil || len(info.Members) != 1 || info.Subscriptions != 0 {
			t.Errorf("%+v %v", info, err)
		}
		time.Sleep(2 * time.Second)
		if got := b.expect(t, "memberRemoved"); got[0].Data["uid"] != "ann" {
			t.Errorf("%+v", got)
		}
		time.Sleep(time.Minute)
		if n := s.Stats().Awake; n != 0 {
			t.Errorf("%d channels are awake", n)
		}
		s.Restart()
		time.Sleep(5 * time.Minute)
		b.expect(t)
	})
}

// TestManyChannelsDiedWithTheProcess: each of them gives its members their grace, however many there are.
func TestManyChannelsDiedWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{types: []string{"hotsock.memberRemoved"}}
		o := eventsTo(b)
		o.Channel.LeaveGrace = time.Minute
		disk := vfs.NewCrashableMem()
		s := actorstest.StartOn(t, o, func(p *persistence.Options) { p.FS = disk })
		ann := s.Connect(map[string]any{"uid": "ann", "channels": map[string]any{"presence.*": map[string]any{"subscribe": true}}})
		const n = 600
		for i := range n {
			ann.Send(subscribe(fmt.Sprintf("presence.%d", i)))
			ann.Frames()
		}
		crashed := disk.CrashClone(vfs.CrashCloneCfg{})
		s = actorstest.StartOn(t, o, func(p *persistence.Options) { p.FS = crashed })
		time.Sleep(58 * time.Second)
		b.expect(t)
		time.Sleep(time.Minute)
		if got := len(b.take()); got != n {
			t.Errorf("%d have left, want %d", got, n)
		}
		if awake := s.Stats().Awake; awake != 0 {
			t.Errorf("%d channels are awake", awake)
		}
	})
}

// fillingDisk is a disk that can be made to look full.
type fillingDisk struct {
	vfs.FS
	full atomic.Bool
}

func (d *fillingDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	u := vfs.DiskUsage{TotalBytes: 1 << 40, AvailBytes: 1 << 39}
	if d.full.Load() {
		u.AvailBytes = 1 << 30
	}
	u.UsedBytes = u.TotalBytes - u.AvailBytes
	return u, nil
}

// TestOnAFullDiskWhoLeavesHasLeft: what cannot be written down cannot be kept.
func TestOnAFullDiskWhoLeavesHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := &fillingDisk{FS: persistence.Memory()}
		s := actorstest.StartOn(t, graceful(time.Minute), func(p *persistence.Options) { p.FS = disk })
		ann, bob, cid := s.Connect(member("ann")), s.Connect(member("bob")), s.Connect(member("cid"))
		joinedBy(ann, bob, cid)
		cid.Hang()
		cid = s.Connect(member("cid"))
		joinedBy(cid)
		disk.full.Store(true)
		time.Sleep(time.Minute)
		if !s.Store.Health().ReadOnly {
			t.Fatal("the disk is not full")
		}
		ann.Frames()
		bob.Hang()
		ann.Expect("removed presence.r member=bob members=[ann cid]")
		cid.Hang()
		ann.Expect("removed presence.r member=cid members=[ann]")
		disk.full.Store(false)
		time.Sleep(time.Minute)
		ann.ExpectNone()
		bob = s.Connect(member("bob"))
		joinedBy(bob)
		ann.Expect("added presence.r member=bob members=[ann bob]")
		bob.Hang()
		time.Sleep(30 * time.Second)
		ann.ExpectNone()
	})
}

// TestMemberDeltasByChannel: one channel tells of members without their list, another with it.
func TestMemberDeltasByChannel(t *testing.T) {
	o := actors.Options{TuneChannel: func(a actors.Address, o *channel.Options) { o.MemberDeltas = a.Name == "presence.r" }}
	bubble(t, o, func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(member("ann")), s.Connect(member("bob"))
		ann.Send(subscribe("presence.r"), subscribe("presence.s"))
		ann.Frames()
		bob.Send(subscribe("presence.r"))
		bob.Expect("subscribed presence.r uid=bob members=[ann bob]")
		ann.Expect("added presence.r member=bob")
		bob.Send(subscribe("presence.s"))
		ann.Expect("added presence.s member=bob members=[ann bob]")
		bob.Send(&actors.UpdateUMD{Channel: "presence.r", Token: umdToken(s, "bob", 1, nil)})
		ann.Expect("updated presence.r member=bob=1")
		bob.Send(&actors.Unsubscribe{Channel: "presence.r"})
		ann.Expect("removed presence.r member=bob=1")
	})
}
