package actors

import (
	"fmt"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
)

// TestFewerBuckets: every process that the system had keeps its name, and new ones come and go.
func TestFewerBuckets(t *testing.T) {
	system := actor.NewActorSystem()
	defer system.Shutdown()
	registry := system.ProcessRegistry
	before := map[string]actor.Process{}
	for i := range 100 {
		registry.Add(actor.NewActorProcess(nil), fmt.Sprint("early.", i))
	}
	for _, bucket := range registry.LocalPIDs.LocalPIDs {
		for id, process := range bucket.Items() {
			before[id] = process.(actor.Process)
		}
	}
	if len(before) <= 100 {
		t.Fatalf("%d processes: the system has none of its own", len(before))
	}
	fewerBuckets(registry)
	if n := len(registry.LocalPIDs.LocalPIDs); n != processBuckets {
		t.Fatalf("%d buckets", n)
	}
	n := 0
	for _, bucket := range registry.LocalPIDs.LocalPIDs {
		n += bucket.Count()
	}
	if n != len(before) {
		t.Errorf("%d processes, before there were %d", n, len(before))
	}
	for id, process := range before {
		if found, ok := registry.GetLocal(id); !ok || found != process {
			t.Errorf("%q is lost", id)
		}
	}
	pid, added := registry.Add(actor.NewActorProcess(nil), "late")
	if !added {
		t.Fatal("a new process was refused")
	}
	if _, again := registry.Add(actor.NewActorProcess(nil), "late"); again {
		t.Error("two processes have one name")
	}
	registry.Remove(pid)
	if _, ok := registry.GetLocal("late"); ok {
		t.Error("a process that was removed is still there")
	}
}
