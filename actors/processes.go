package actors

import "github.com/asynkron/protoactor-go/actor"

// processBuckets is how many of protoactor's 1,024 buckets of processes are used. Each bucket is 32 maps
// with a lock of their own, and a map that was ever written to keeps its memory: 15 MiB once thirty
// thousand actors have lived, and work for every collection. 128 maps are more than any machine has
// processors to contend for.
const processBuckets = 4

// fewerBuckets makes the registry of processes smaller. Nothing may be using it yet.
func fewerBuckets(r *actor.ProcessRegistryValue) {
	all := r.LocalPIDs.LocalPIDs
	few := &actor.SliceMap{LocalPIDs: all[:processBuckets:processBuckets]}
	for _, bucket := range all {
		for id, process := range bucket.Items() {
			bucket.Remove(id)
			few.GetBucket(id).Set(id, process)
		}
	}
	few.LocalPIDs = append(few.LocalPIDs[:0:0], few.LocalPIDs...) // the others can be collected
	r.LocalPIDs = few
}
