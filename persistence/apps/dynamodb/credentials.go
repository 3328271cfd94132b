package dynamodb

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// placeholders asks the SDK's chain for credentials, and where that has none gives some that no server knows.
type placeholders struct {
	chain  aws.CredentialsProvider
	logger *slog.Logger
	once   sync.Once
}

// How long the chain may look for credentials, whose last place is another machine's, and when it is asked again. A
// lookup waits meanwhile.
const (
	chainTimeout = time.Second
	chainAgain   = time.Hour
)

// Retrieve returns credentials; whatever keeps the chain from some, placeholders.
func (p *placeholders) Retrieve(ctx context.Context) (aws.Credentials, error) {
	asked, cancel := context.WithTimeout(ctx, chainTimeout)
	defer cancel()
	c, err := p.chain.Retrieve(asked)
	if err == nil {
		return c, nil
	}
	if ctx.Err() != nil {
		return aws.Credentials{}, ctx.Err()
	}
	p.once.Do(func() {
		p.logger.Info("no AWS credentials found; the DynamoDB endpoint is not of AWS and gets placeholders", "err", err)
	})
	return aws.Credentials{
		AccessKeyID: "placeholder", SecretAccessKey: "placeholder", Source: "placeholders",
		CanExpire: true, Expires: time.Now().Add(chainAgain),
	}, nil
}
