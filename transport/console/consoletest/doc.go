// Package consoletest opens pages of the server in a real browser, for tests: [Browser] starts one, [Open] opens a
// page in a tab of its own, which fails the test if the page complains, and [Paint] takes a picture for people to
// look at. What a test says to its page is its own business.
package consoletest
