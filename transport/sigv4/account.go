package sigv4

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// An Account is who this server is to AWS, as every SDK finds that out: from the environment, from AWS's files, or from
// the machine or container that it runs on. Its methods may be called from any goroutine.
type Account struct{ cfg aws.Config }

// OpenAccount reads what the environment and AWS's files say. Nothing is fetched yet.
//
// Errors: a file that cannot be read.
func OpenAccount() (*Account, error) {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return nil, err
	}
	return &Account{cfg}, nil
}

// Credentials are those of this moment. It waits if they have to be fetched.
//
// Errors: there are none, or they cannot be fetched.
func (a *Account) Credentials(ctx context.Context) (Credentials, error) {
	c, err := a.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{Key: Key{ID: c.AccessKeyID, Secret: c.SecretAccessKey}, Token: c.SessionToken}, nil
}

// Endpoint is where a service is, by the id that SDKs have for it, such as "Lambda", if that was configured for all
// programs: AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, endpoint_url. "": at AWS.
func (a *Account) Endpoint(ctx context.Context, service string) string {
	for _, source := range a.cfg.ConfigSources {
		if s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := s.GetIgnoreConfiguredEndpoints(ctx); err == nil && found && ignore {
				return ""
			}
		}
	}
	for _, source := range a.cfg.ConfigSources {
		s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		})
		if !ok {
			continue
		}
		if endpoint, found, err := s.GetServiceBaseEndpoint(ctx, service); err == nil && found {
			return endpoint
		}
	}
	return aws.ToString(a.cfg.BaseEndpoint)
}
