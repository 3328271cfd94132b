//go:build !pictures

package page

// picture paints nothing: see picture_test.go.
func picture(*tab, string) {}
