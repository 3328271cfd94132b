// Package page has the test of the page that dormouse dev serves: the built program, a real browser with two
// tabs, and a kill in the middle.
package page
