package cmd

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A secret is material that must not be printed: text, or where a file has it. Its String is safe.
type secret struct {
	text string // as configured; empty if it is in a file
	path string // empty if it is text
}

// parseSecret reads "file:/path", a bare absolute path, or the material itself. A relative path after
// file: starts at folder.
func parseSecret(s, folder string) secret {
	if path, ok := strings.CutPrefix(s, "file:"); ok {
		return secret{path: within(folder, strings.TrimPrefix(path, "//"))}
	}
	if filepath.IsAbs(s) && !strings.ContainsAny(s, "\n=+") {
		if _, err := os.Stat(s); err == nil { // base64 may begin with a slash too
			return secret{path: s}
		}
	}
	return secret{text: s}
}

// maxSecretFile keeps a wrong path from being read into memory: the longest PEM is a few kilobytes.
const maxSecretFile = 64 << 10

// read returns the material. private says that whoever reads it can do what its owner can: then its file must
// be closed to all others, but for a group that may read it, as Debian keeps TLS keys.
func (s secret) read(private bool) (string, error) {
	if s.path == "" {
		return s.text, nil
	}
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no file %s", s.path)
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is no file", s.path)
	case info.Size() > maxSecretFile:
		return "", fmt.Errorf("%s has %d bytes, more than any key", s.path, info.Size())
	}
	raw, err := os.ReadFile(s.path)
	if err != nil {
		return "", err
	}
	text := string(raw)
	public := strings.Contains(text, "-----BEGIN PUBLIC KEY") || strings.Contains(text, "-----BEGIN CERTIFICATE")
	if private && !public && info.Mode().Perm()&0o027 != 0 {
		return "", fmt.Errorf("%s may be read or changed by others (mode %04o); run  chmod 600 %s", s.path, info.Mode().Perm(), s.path)
	}
	return text, nil
}

// String tells where the secret is, or which it is by the start of its hash, never what it is.
func (s secret) String() string {
	if s.path != "" {
		return "file:" + s.path
	}
	return fmt.Sprintf("(hidden, %d characters, sha256 %s…)", len(s.text), fingerprint(s.text))
}

// fingerprint is enough of a secret's hash to tell two apart.
func fingerprint(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// devMark begins every secret that dormouse dev makes, so that serve knows it wherever it was copied to.
const devMark = "dormouse-dev-"
