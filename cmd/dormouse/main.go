// Command dormouse is a realtime channel server and its tools.
package main

import "dormouse/cmd"

func main() { cmd.Main() }
