//go:build !race

package acceptance

// raceDetector says that the program is built without it, as these tests are.
const raceDetector = false
