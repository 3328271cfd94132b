package pusher

import (
	"net/http"
	"strconv"
)

// What load balancers ask. Source: other servers of this protocol, whose checks are configured for it.

const (
	closingText = "The server is closing. Choose another server. :)"
	lowText     = "Low on memory here. Choose another server. :)"
)

// root tells people and load balancers that there is a server.
func (h *Handler) root(c *call) error { return c.text(http.StatusOK, "OK") }

// ready says whether connections are taken.
func (h *Handler) ready(c *call) error {
	if h.closing() {
		return c.unhealthy(closingText)
	}
	return c.text(http.StatusOK, "OK")
}

// Ready serves what is asked at /ready, without a prefix and for any method, on another port than that of clients.
func (h *Handler) Ready(w http.ResponseWriter, r *http.Request) {
	_ = h.ready(&call{w: w, r: r}) // it never fails
}

// acceptTraffic says whether more of them should be sent here.
func (h *Handler) acceptTraffic(c *call) error {
	if h.closing() {
		return c.unhealthy(closingText)
	}
	used, total := h.o.Memory()
	percent := percentOf(used, total)
	if percent > float64(h.o.MemoryThreshold) {
		return c.unhealthy(lowText)
	}
	b := strconv.AppendUint([]byte(`{"memory":{"usedSize":`), used, 10)
	b = strconv.AppendUint(append(b, `,"totalSize":`...), total, 10)
	b = append(append(b, `,"percentUsage":`...), number(percent)...)
	c.answer(http.StatusOK, append(b, `}}`...))
	return nil
}

func (c *call) unhealthy(text string) error {
	b := appendString([]byte(`{"error":`), text)
	c.answer(http.StatusInternalServerError, append(b, `,"code":500}`...))
	return nil
}

// Usage serves what monitoring asks for at /usage, beside the metrics: how much memory the process has and may have.
func (h *Handler) Usage(w http.ResponseWriter, _ *http.Request) {
	used, total := h.o.Memory()
	b := strconv.AppendUint([]byte(`{"memory":{"free":`), total-min(used, total), 10)
	b = strconv.AppendUint(append(b, `,"used":`...), used, 10)
	b = strconv.AppendUint(append(b, `,"total":`...), total, 10)
	b = append(append(b, `,"percent":`...), number(percentOf(used, total))...)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, `}}`...)) // a client that is gone is told nothing
}

func percentOf(used, total uint64) float64 {
	if total == 0 {
		return 0
	}
	return float64(used) / float64(total) * 100
}
