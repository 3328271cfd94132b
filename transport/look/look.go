package look

import _ "embed"

// CSS is the head of every style sheet: colours as variables, light or dark as the reader's system is, a
// reset, and the ring round what has the focus. Not to be changed.
//
//go:embed base.css
var CSS []byte

// Icon is the dormouse, as SVG. Not to be changed.
//
//go:embed icon.svg
var Icon []byte
