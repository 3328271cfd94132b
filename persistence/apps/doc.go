// Package apps finds the apps of the Pusher surface where their owners keep them: in a file, or in a table
// made for soketi. It only reads.
//
// # From a table to an answer
//
//	Source → Record → Decode → Cache → claims.Apps
//
// A [Source] fetches one app's [Record]: raw values, by whatever names its table has. [Decode] is one reading of
// such records for all sources, and as tolerant as tables are old: three spellings of every name, numbers as
// text, words for booleans, limits that are missing. What it cannot read it replaces by the default and says
// so in a [Warning]. Only a record without id, key or secret is no app: nothing is ever put in their place.
// [Cache] stands before the source and is what the server asks.
//
// # What the cache promises
//
//   - A known app is answered from memory. When its record is older than the TTL, it is read again in the
//     background while the old one is served, for up to a minute of age; then an asker waits for the reading.
//   - A thousand askers for one name that is not known cause one reading. That a name is not known is
//     remembered for a second.
//   - A source that does not answer hides no app: what was read within the last hour is served on. Only who asks
//     for an app that was not read in that time hears [claims.ErrAppsUnavailable], and may come back.
//   - An app that connections live on is watched, [Cache.Watch]: its record is read every TTL although
//     nobody asks, so that they end soon after it was disabled.
//   - A record that is not found any more is gone only when it is still not found five seconds later. An
//     index or a replica that lags must not throw out an app's clients.
//
// Known apps are read again by their id, whichever way they were found: that is the table's primary key, while
// keys may have no index at all, or one that lags. By key is read only what is not known, so
// lookups by id and by key cannot disagree about one app.
//
// # Trouble
//
// Memory and readings are bounded by [CacheOptions]: apps by number, the least recently used give way; readings
// under way by number, an asker beyond that hears ErrAppsUnavailable at once. Watched apps are never given up.
// [Listener] tells of all this.
//
// The suite that every source must pass is in appstest.
package apps
