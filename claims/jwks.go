package claims

import "errors"

// LoadJWKS reads the keys of a JWK Set file.
func LoadJWKS(path string) ([]Key, error) { return nil, errors.ErrUnsupported }

// ParseJWKS reads the keys of a JWK Set document.
func ParseJWKS(document []byte) ([]Key, error) { return nil, errors.ErrUnsupported }
