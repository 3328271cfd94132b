//go:build race

package acceptance

// raceDetector says that the program is built with it, as these tests are.
const raceDetector = true
