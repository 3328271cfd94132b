package claims

import (
	"errors"
	"fmt"
)

// Limits bound what one token may cost. The zero value of a field means its default; Validate
// refuses values outside the stated range.
//
// All of them guard a server that verifies tokens of strangers: the first three before a signature
// was checked, the rest against an issuer's mistake or a tenant's malice.
type Limits struct {
	// TokenSize is the most bytes of a whole token. 256 to 65,536, default 8,192. It stops megabytes
	// of dots and base64 from being looked at.
	TokenSize int
	// HeaderSize is the most bytes of a decoded header. 64 to 8,192, default 1,024. It stops embedded
	// certificates and JSON bombs in the one part that is read before the signature.
	HeaderSize int
	// KeyIDSize is the most bytes of a kid. 1 to 256, default 64. It stops oversized look-ups.
	KeyIDSize int

	// Depth is how deep the payload's JSON may nest. 8 to 128, default 32. It stops stacks of
	// brackets from becoming stacks of calls.
	Depth int
	// Elements is the most names and values (objects, arrays and scalars together) in the payload. 16
	// to 65,536, default 2,048. It stops kilobytes of "[]" from becoming megabytes of heap.
	Elements int

	// ChannelPatterns is the most wildcard and #regex: keys directly under channels. 1 to 1,000,
	// default 100. Each of them is tried for each channel name that a connection uses; exact names
	// are looked up and need no bound of their own.
	ChannelPatterns int
	// Regexes is the most #regex: keys in the whole token. 1 to 256, default 32. It bounds the time
	// that one login spends compiling.
	Regexes int
	// RegexSize is the most bytes of one expression, without "#regex:". 1 to 1,024, default 256.
	RegexSize int
	// RegexWeight is the most that all expressions of a token may weigh together. 1,024 to 16,777,216,
	// default 65,536. The unit is one range of a character class; an instruction weighs 16, a mention of
	// a Unicode class 1,280 beside its ranges, a case-folded range beyond ASCII 16,384. The default lets
	// ^[\p{L}\p{N}_-]{1,64}$ pass, and bounds one token to some ten milliseconds of compiling, two
	// MiB of memory, and a millisecond for trying all of them on one name. The length of the source
	// bounds none of these: \pL is three bytes and hundreds of ranges, {1000} six bytes and a thousand
	// instructions.
	RegexWeight int

	// UMDSize is the most bytes of umd as compact JSON. 1 to 65,536, default 1,024. umd travels with
	// every message of a user.
	UMDSize int
	// UID is the most characters (code points) of uid. 1 to 1,024, default 128.
	UID int
}

// EnsureDefaults replaces zero fields by their defaults.
func (l *Limits) EnsureDefaults() {
	for _, r := range l.ranges() {
		if *r.value == 0 {
			*r.value = r.def
		}
	}
}

// Validate returns nil or one error that names every field out of range. It expects that
// EnsureDefaults ran.
func (l *Limits) Validate() error {
	var errs []error
	for _, r := range l.ranges() {
		if *r.value < r.min || *r.value > r.max {
			errs = append(errs, fmt.Errorf("%s is %d, must be %d to %d", r.name, *r.value, r.min, r.max))
		}
	}
	return errors.Join(errs...)
}

// limitRange is one field of Limits with what may stand in it.
type limitRange struct {
	name          string
	value         *int
	min, max, def int
}

func (l *Limits) ranges() []limitRange {
	return []limitRange{
		{"TokenSize", &l.TokenSize, 256, 64 << 10, 8 << 10},
		{"HeaderSize", &l.HeaderSize, 64, 8 << 10, 1 << 10},
		{"KeyIDSize", &l.KeyIDSize, 1, 256, 64},
		{"Depth", &l.Depth, 8, 128, 32},
		{"Elements", &l.Elements, 16, 64 << 10, 2 << 10},
		{"ChannelPatterns", &l.ChannelPatterns, 1, 1000, 100},
		{"Regexes", &l.Regexes, 1, 256, 32},
		{"RegexSize", &l.RegexSize, 1, 1 << 10, 256},
		{"RegexWeight", &l.RegexWeight, 1 << 10, 16 << 20, 64 << 10},
		{"UMDSize", &l.UMDSize, 1, 64 << 10, 1 << 10},
		{"UID", &l.UID, 1, 1 << 10, 128},
	}
}
