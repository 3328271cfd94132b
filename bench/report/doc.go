// Package report turns samples into what people read: a table for the terminal, a JSON file for programs,
// and one HTML page with plots that needs nothing from anywhere. [Compare] puts two such files beside each other.
//
// A figure is the median of a case's runs, with the least and the greatest beside it. What is measured on a
// machine that others use too moves a lot from run to run; processor time for each unit of work, memory for
// each connection and ratios within one run move little, and stand first.
package report
