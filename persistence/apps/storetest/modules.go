package storetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Modules returns a folder with the files of one in files, among which are a package.json and a package-lock.json, and
// with all that these name in its node_modules. The folder is in the user's cache, named after what is in it, and is
// filled once, for which a network is needed: it appears at once, when it is whole. Whoever comes meanwhile, in another
// process too, waits.
func Modules(files fs.FS, folder string) (string, error) {
	list, err := fs.ReadDir(files, folder)
	if err != nil {
		return "", err
	}
	texts, sum := map[string][]byte{}, sha256.New()
	for _, entry := range list {
		text, err := fs.ReadFile(files, path.Join(folder, entry.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d ", entry.Name(), len(text))
		sum.Write(text)
		texts[entry.Name()] = text
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "dormouse-storetest", fmt.Sprintf("npm-%x", sum.Sum(nil))[:16])
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unlock, err := lockFile(dir + ".lock")
	if err != nil {
		return "", fmt.Errorf("lock %s: %w", dir, err)
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, install(dir, texts)
}

// install makes the folder with these files and what they name.
func install(dir string, texts map[string][]byte) error {
	npm, err := executable("npm")
	if err != nil {
		return err
	}
	partial := dir + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.Mkdir(partial, 0o755)); err != nil {
		return err
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(partial, name), text, 0o644); err != nil {
			return err
		}
	}
	line := []string{npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = partial
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s, which brings what the tests run on Node.js and needs a network: %w\n%s", strings.Join(line, " "), err, said)
	}
	return os.Rename(partial, dir)
}
