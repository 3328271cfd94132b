// Package page has the tests of what people see of the built program, in a real browser: the page that dormouse
// dev serves, with two tabs and a kill in the middle, and the console, by mouse and by keyboard
// alone; and pages of applications that have pusher-js.
package page
