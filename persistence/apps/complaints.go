package apps

// complain tells of a record that is no app, or none that was asked for: to the log once a minute for each, since such
// a record may be asked for by every client that comes back. The Listener hears all.
func (c *Cache) complain(n name, r Record, err error) {
	app := fieldID.text(r)
	if app == "" {
		app = n.text
	}
	if f := c.o.Listener.Invalid; f != nil {
		f(app, err)
	}
	if c.complaints.Allow(app) {
		c.o.Logger.Error("app record cannot be used, the app is unknown", "app", app, "err", err)
	}
}
