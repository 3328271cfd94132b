// Package trend says whether a series of figures rises or falls, and how fast, in a way that a few wild figures do not
// move: a machine that others use too has such figures in every hour.
//
// The slope is Theil and Sen's, the median of the slopes between all pairs of points; its interval and the test that
// there is a slope at all are by the statistic of Mann and Kendall. Figures that follow one another are often alike,
// as memory is: then there are fewer of them than it seems, and the statistic's variance grows by a correction
// like Hamed and Rao's, or every third series would have a trend.
package trend
