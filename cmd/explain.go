package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"dormouse/persistence"
)

// explain adds to an error of starting what can be done about it.
func explain(c *checked, err error) error {
	data := c.Store.Dir
	var op *net.OpError
	switch {
	case errors.Is(err, persistence.ErrInUse):
		holder := ""
		if pid, readErr := os.ReadFile(filepath.Join(data, "PID")); readErr == nil {
			holder = " (process " + strings.TrimSpace(string(pid)) + ")"
		}
		return fmt.Errorf("the data folder %s is in use by another server%s: stop that one, or give another folder with --data", data, holder)
	case errors.Is(err, persistence.ErrNewerFormat):
		return fmt.Errorf("the data folder %s was written by a newer version of dormouse: run that one, or give another folder with --data: %w", data, err)
	case errors.Is(err, persistence.ErrNotDataFolder):
		return fmt.Errorf("%s holds other files and is no data folder: give a new or empty one with --data: %w", data, err)
	case errors.Is(err, persistence.ErrCorrupt):
		return fmt.Errorf("the data folder %s is damaged: see  dormouse verify %s  and restore a backup: %w", data, shellQuote(data), err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken by another program: stop that one, or give another address; port 0 takes a free one: %w", takenAddress(c, err), err)
	case errors.Is(err, syscall.EACCES) && errors.As(err, &op):
		return fmt.Errorf("this user may not listen on %s: ports below 1024 need a right of their own: %w", c.HTTP.Addr, err)
	case errors.Is(err, persistence.ErrNoFolder):
		return fmt.Errorf("the data folder %s cannot be made: give another one with --data: %w", data, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("the data folder %s cannot be written by this user: mend its owner and mode, or give another with --data: %w", data, err)
	}
	return err
}

// takenAddress names the address, by setting, that another program has.
func takenAddress(c *checked, err error) string {
	if strings.Contains(err.Error(), "admin.listen") {
		return "admin.listen " + c.AdminListen
	}
	return "listen " + c.HTTP.Addr
}
