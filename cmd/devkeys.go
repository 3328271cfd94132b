package cmd

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dormouse/transport/hotsock"
)

// devKeyID is the kid of tokens that dormouse dev and its token command sign.
const devKeyID = "dormouse-dev"

// devKeys are the secrets of a development folder: made once, kept for the next run. Both begin with
// devMark, so that they are known wherever they are copied to.
type devKeys struct {
	signing string // the HS256 secret itself
	api     string
}

// devFolder is where a data folder keeps what only development needs.
func devFolder(data string) string { return filepath.Join(data, "dev") }

const (
	signingKeyFile = "signing.key" // base64, as token.keys wants it
	apiKeyFile     = "api.key"
)

// openDevKeys reads the keys of a data folder, and makes those that are missing: files of mode 0600 in a
// folder of mode 0700.
func openDevKeys(data string) (*devKeys, error) {
	dir := devFolder(data)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for development keys: %w", err)
	}
	signing, err := openDevKey(filepath.Join(dir, signingKeyFile), true)
	if err != nil {
		return nil, err
	}
	api, err := openDevKey(filepath.Join(dir, apiKeyFile), false)
	if err != nil {
		return nil, err
	}
	return &devKeys{signing: signing, api: api}, nil
}

// readDevKeys reads the keys of a data folder in which dormouse dev has run.
//
// Errors: one that is fs.ErrNotExist if it has not.
func readDevKeys(data string) (*devKeys, error) {
	signing, err := readDevKey(filepath.Join(devFolder(data), signingKeyFile), true)
	if err != nil {
		return nil, err
	}
	api, err := readDevKey(filepath.Join(devFolder(data), apiKeyFile), false)
	if err != nil {
		return nil, err
	}
	return &devKeys{signing: signing, api: api}, nil
}

func openDevKey(path string, inBase64 bool) (string, error) {
	key, err := readDevKey(path, inBase64)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = devMark + strings.ToLower(rand.Text()) // 130 random bits, as text that survives any shell
	text := key
	if inBase64 {
		text = base64.StdEncoding.EncodeToString([]byte(key))
	}
	return key, writePrivate(path, []byte(text+"\n"))
}

func readDevKey(path string, inBase64 bool) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if inBase64 {
		raw, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			return "", fmt.Errorf("%s is damaged; remove it, and a new one is made", path)
		}
		key = string(raw)
	}
	if !strings.HasPrefix(key, devMark) || len(key) < hotsock.MinKeySize {
		return "", fmt.Errorf("%s holds no development key; remove it, and a new one is made", path)
	}
	return key, nil
}

// writePrivate writes a file that only its owner may read, whole or not at all.
func writePrivate(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already, unless something failed
	if _, err := tmp.Write(text); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// tokenKey is the signing key as a configuration has it.
func (k *devKeys) tokenKey() tokenKey {
	return tokenKey{alg: "HS256", kid: devKeyID, material: secret{text: base64.StdEncoding.EncodeToString([]byte(k.signing))}}
}

// isDev says whether a configured key is one that dormouse dev made.
func (k tokenKey) isDev() bool {
	if k.kid == devKeyID {
		return true
	}
	if !strings.HasPrefix(k.alg, "HS") {
		return false
	}
	text, err := k.material.read(true)
	if err != nil {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	return err == nil && strings.HasPrefix(string(raw), devMark)
}
