package claims

// Pattern is a compiled key of channels, messages or storage: exact, wildcard or #regex:.
type Pattern struct{ key string }

// channelSet is the compiled channels claim.
type channelSet struct{}

func (s *channelSet) autoSubscribes() []string { return nil }
func (s *channelSet) keys() []string           { return nil }
