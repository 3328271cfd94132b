package apps

// BuiltIn is the app that soketi has where none is configured: app-id, app-key and app-secret. Its secret stands in
// its documentation, so whoever reaches a server with this app can do anything in it that an app can. It is for one's
// own machine, to try clients that are set up so, and never stands in for a part of a record that lacks one.
//
// The record is the caller's. Source: soketi, "Array app manager".
func BuiltIn() Record {
	return Record{"id": "app-id", "key": "app-key", "secret": "app-secret"}
}
