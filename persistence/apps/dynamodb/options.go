package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// Options say where the table is. The zero value is soketi's: the table apps in us-east-1.
type Options struct {
	// Table is its name, 3 to 255 of A-Z, a-z, 0-9, '_', '-' and '.', or its ARN, as for a table of another account.
	// Default apps.
	Table string
	// Region of AWS. Default us-east-1.
	Region string
	// Endpoint is the URL of another server than AWS's, such as http://127.0.0.1:8000 of an emulator. Empty: AWS, or
	// what the variables of its SDK say.
	//
	// Credentials come from the SDK's ordinary chain: environment, shared files, container, instance role. Where that
	// has none and Endpoint is not of AWS, placeholders are sent, since emulators want some and look at none.
	Endpoint string
	// Logger is told of two items with one key, once a minute for each key; of placeholder credentials, once; and at
	// level debug of what the SDK sees on the way. nil: slog.Default().
	Logger *slog.Logger

	// dial connects to the server. nil: by the network. Tests have a network in memory.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// EnsureDefaults fills what is zero.
func (o *Options) EnsureDefaults() {
	if o.Table == "" {
		o.Table = defaultTable
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

const defaultTable = "apps"

var (
	tableName  = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	regionName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)
)

// Validate names every field that is wrong.
func (o *Options) Validate() error {
	var errs []error
	if !tableName.MatchString(o.Table) && !strings.HasPrefix(o.Table, "arn:") {
		errs = append(errs, fmt.Errorf("table %q is no name of a DynamoDB table: 3 to 255 of A-Z, a-z, 0-9, '_', '-' and '.', or an ARN", o.Table))
	}
	if !regionName.MatchString(o.Region) {
		errs = append(errs, fmt.Errorf("region %q is no name of an AWS region: one is like us-east-1", o.Region))
	}
	if o.Endpoint != "" {
		if u, err := url.Parse(o.Endpoint); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			errs = append(errs, fmt.Errorf("endpoint %q is no URL of a server: one is like http://127.0.0.1:8000", o.Endpoint))
		}
	}
	return errors.Join(errs...)
}

// emulated reports that Endpoint is set, and to something that is not AWS.
func (o *Options) emulated() bool {
	u, err := url.Parse(o.Endpoint)
	if o.Endpoint == "" || err != nil {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	for _, domain := range []string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws"} {
		if strings.HasSuffix(host, domain) {
			return false
		}
	}
	return true
}
