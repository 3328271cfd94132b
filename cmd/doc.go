// Package cmd is the program: its command line, its configuration, and the one place where the packages
// are wired together.
//
// A program of one's own is three lines:
//
//	package main
//
//	import "dormouse/cmd"
//
//	func main() { cmd.Main() }
//
// The chapters:
//
//	main.go      Main, the commands, exit codes           output.go    terminals, tables, JSON
//	config.go    Config and the table of its settings     load.go      file, environment, flags
//	value.go     what a setting can be                    validate.go  everything that is wrong, at once
//	records.go   lists of named values, such as keys      patterns.go  what channels differ in by name
//	run.go       Server: the only place that wires        admin.go     health, metrics, backups
//	serve.go     a server for others, its signals         dev.go       a server for one's own machine
//	token.go     signing and reading tokens               client.go    commands that ask a running server
//	log.go       logs without secrets                     machine.go   the Go runtime, fitted to the machine
//
// No other package of the project reads flags, environment or files of settings.
package cmd
