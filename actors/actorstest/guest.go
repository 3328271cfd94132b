package actorstest

import (
	"fmt"

	"dormouse/actors"
)

// Visit opens a connection of a tenant. It is not greeted.
func (s *Server) Visit(namespace string) *Client {
	s.t.Helper()
	s.visits++
	c, err := s.TryVisit(namespace, actors.GuestRequest{ID: fmt.Sprintf("1.%d", s.visits)})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// TryVisit is Visit with a request of the test's own, but for the sink.
func (s *Server) TryVisit(namespace string, r actors.GuestRequest) (*Client, error) {
	s.t.Helper()
	c := &Client{t: s.t}
	r.Sink = c
	g, err := s.Tenant(namespace).Admit(r)
	if err != nil {
		return c, err
	}
	c.mu.Lock()
	c.Guest = g
	closed := c.closed != nil // since it was admitted
	c.mu.Unlock()
	if closed {
		g.Closed()
	}
	return c, nil
}

// Join subscribes to a channel, as a member if that is not empty, and returns c.
func (c *Client) Join(name, member string) *Client {
	c.t.Helper()
	r := actors.Join{Channel: name}
	r.Member.UID = member
	if err := c.Guest.Subscribe(r); err != nil {
		c.t.Fatal(err)
	}
	return c
}
