package actors

// A router is the one door to a durable actor by its name. Today every actor lives on this node; callers
// cannot tell, and hand over plain data that could as well cross a wire.
type router struct {
	local  *directory
	tracer *tracer
}

// tell hands q to the actor and wakes it if it sleeps. It never blocks. Two calls from one goroutine to one
// actor are handled in their order.
func (r router) tell(a Address, q *ask) {
	q.trace = r.tracer.begin()
	for !r.local.get(a).post(q) {
		// The incarnation ended between the look-up and the post; the next look-up begins a new one.
	}
}

// tellAwake is tell for an actor that is awake; else it returns false and does nothing. It never blocks.
func (r router) tellAwake(a Address, q *ask) bool {
	h := r.local.awake(a)
	if h == nil {
		return false
	}
	q.trace = r.tracer.begin()
	return h.post(q)
}
