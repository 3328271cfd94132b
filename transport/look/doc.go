// Package look holds what every page of a Dormouse server shares: the icon, and the head of its style, which
// is colours for light and dark, type, and what has the focus. Pages put their own style behind it.
package look
