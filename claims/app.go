package claims

import "errors"

// DefaultAppID is the id of the app that serves the Hotsock surface, which knows no tenants.
const DefaultAppID = "default"

// DefaultApp is the tenant behind every connection that names none.
var DefaultApp = App{ID: DefaultAppID}

// App is a tenant. Channels, entries, spent tokens and counts of two apps never meet: every key on
// disk starts with the app's id.
//
// The zero value is no app; [CheckApp] refuses it.
type App struct {
	// ID is 1 to 64 characters out of A-Z, a-z, 0-9, '_', '-' and '.'.
	ID string
}

// maxAppID keeps an app's id a small part of every key it starts.
const maxAppID = 64

// CheckApp says whether id can name an app: 1 to 64 of A-Z, a-z, 0-9, '_', '-' and '.'.
//
// The set is narrow because ids end up in file names, URLs and metric labels as well as in keys.
func CheckApp(id string) error {
	if id == "" || len(id) > maxAppID {
		return errors.New("an app id has 1 to 64 characters")
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return errors.New("an app id consists of A-Z, a-z, 0-9, '_', '-' and '.'")
		}
	}
	return nil
}
