package claims

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	fileScheme  = "file:"
	maxKeyFile  = 64 << 10 // bytes; a key has hundreds, a certificate a few thousand
	maxPathSize = 4 << 10  // bytes; longer material is no path and is not looked up as one
	pemMarker   = "-----BEGIN"
)

// ParseKey reads one verification key for the algorithm alg, see [Algorithms].
//
// kid, up to 256 bytes, is the key's id; blank makes the key answer to tokens with any kid, or none.
//
// material is one of
//   - PEM text of a public key or certificate (RS, PS, ES, EdDSA); "\n" written as two characters
//     counts as a line break, as it does everywhere below;
//   - base64 of such a text, in one line or several;
//   - base64 of the raw secret, standard or URL alphabet, padded or not (HS);
//   - "file:" and a path, or the plain path of an existing file, that contains one of the above in
//     at most 64 KiB.
//
// A private key is refused: a server that only verifies has no use for it, and should not be the
// place from which it leaks. Refused as too weak are secrets under 32 bytes and RSA keys under 2,048
// bits; over 8,192 bits RSA is refused as too slow. The errors never quote the material.
//
// Source: Hotsock docs, Signing Keys.
func ParseKey(alg, kid, material string) (Key, error) {
	if method(alg) == nil {
		return newKey(alg, kid, nil) // for its message
	}
	text, err := materialText(material)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", alg, err)
	}
	parsed, err := parseMaterial(method(alg), text)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", alg, err)
	}
	return newKey(alg, kid, parsed)
}

// materialText follows a path, if material is one.
func materialText(material string) (string, error) {
	material = strings.TrimSpace(material)
	if material == "" {
		return "", errors.New("the key is empty")
	}
	if path, ok := strings.CutPrefix(material, fileScheme); ok {
		return readKeyFile(path)
	}
	if strings.Contains(material, pemMarker) || len(material) > maxPathSize || strings.ContainsAny(material, "\n\x00") {
		return material, nil
	}
	if info, err := os.Stat(material); err == nil && info.Mode().IsRegular() {
		return readKeyFile(material)
	}
	return material, nil
}

func readKeyFile(path string) (string, error) {
	b, err := readBounded(path, maxKeyFile)
	if err != nil {
		return "", fmt.Errorf("read key file: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// readBounded reads a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened for reading
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return b, nil
}

// parseMaterial turns text into what m verifies with.
func parseMaterial(m jwt.SigningMethod, text string) (any, error) {
	_, symmetric := m.(*jwt.SigningMethodHMAC)
	if strings.Contains(text, pemMarker) {
		if symmetric {
			return nil, errors.New("needs a shared secret in base64, got PEM")
		}
		return parsePEM([]byte(text))
	}
	decoded, err := decodeMaterial(text)
	switch {
	case err != nil:
		return nil, err
	case !symmetric && bytes.Contains(decoded, []byte(pemMarker)):
		return parsePEM(decoded)
	case !symmetric:
		return nil, errors.New("needs a public key in PEM, or base64 of that")
	case bytes.Contains(decoded, []byte(pemMarker)):
		// The classic confusion: a public key, known to everybody, taken for a shared secret.
		return nil, errors.New("needs a shared secret in base64, got base64 of PEM")
	}
	return decoded, nil
}

// unwrap makes line breaks of their written form, which survives where configuration has one line.
var unwrap = strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", `\r`, "\n")

// unfold takes line breaks out and brings both base64 alphabets to one.
var unfold = strings.NewReplacer("\n", "", "\r", "", " ", "", "\t", "", "-", "+", "_", "/")

func decodeMaterial(text string) ([]byte, error) {
	text = strings.TrimRight(unfold.Replace(unwrap.Replace(text)), "=")
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("is neither PEM, nor base64, nor the path of a file")
	}
	return b, nil
}

// parsePEM returns the one public key in text.
func parsePEM(text []byte) (any, error) {
	rest := []byte(unwrap.Replace(string(text)))
	var key any
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		next, err := parseBlock(block)
		switch {
		case err != nil:
			return nil, err
		case next == nil:
		case key != nil:
			return nil, errors.New("the PEM text contains more than one key")
		default:
			key = next
		}
	}
	if key == nil {
		return nil, errors.New("the PEM text contains no public key")
	}
	return key, nil
}

// parseBlock returns nil, nil for a block that only describes another one.
func parseBlock(block *pem.Block) (any, error) {
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	case "EC PARAMETERS":
	default:
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return nil, errors.New("is a private key, give its public half (openssl pkey -in private.pem -pubout)")
		}
		return nil, fmt.Errorf("unknown PEM block %.40q", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("the PEM block %q cannot be read", block.Type)
	}
	return key, nil
}
