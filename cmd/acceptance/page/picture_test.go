//go:build pictures

package page

// picture paints the tab into $PICTURES, for people to look at: run the test with -tags pictures.
func picture(p *tab, name string) {
	p.t.Helper()
	p.Paint(name, 1280, 1180, "light")
}
