package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"dormouse/persistence/apps"
)

// pageItems are read at once. An item may have 400 KB, and an attempt has a second.
const pageItems = 100

// List yields every item of the table, in no order. It needs a right that lookups do without, dynamodb:Scan on the
// table, and reads all of it.
//
// An error is the last that it yields, and says so if that right is missing.
func (s *Source) List(ctx context.Context) iter.Seq2[apps.Record, error] {
	return func(yield func(apps.Record, error) bool) {
		pages := sdk.NewScanPaginator(s.client, &sdk.ScanInput{TableName: aws.String(s.table), Limit: aws.Int32(pageItems)})
		for pages.HasMorePages() {
			if s.closed.Load() {
				yield(nil, errClosed)
				return
			}
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, s.scanFault(err))
				return
			}
			for _, item := range page.Items {
				if !yield(record(item), nil) {
					return
				}
			}
		}
	}
}

func (s *Source) scanFault(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) && answer.ErrorCode() == "AccessDeniedException" {
		return fmt.Errorf("apps in DynamoDB: listing needs the right dynamodb:Scan on the table %s, which looking up apps does not: %w", s.table, err)
	}
	return s.fault(err)
}
