package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Credentials are what signs a request of ours. Token is "" unless they are for a time only.
type Credentials struct {
	Key
	Token string
}

// Sign signs a request of ours with this body, for a service such as "lambda" in a region. Its headers must not be
// changed after that.
//
// Errors: the signer's.
func Sign(ctx context.Context, r *http.Request, body []byte, c Credentials, service, region string, at time.Time) error {
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: c.ID, SecretAccessKey: c.Secret, SessionToken: c.Token}
	return v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), service, region, at)
}
