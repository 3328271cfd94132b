package dynamodb

import "strings"

// Schema is the table as the aws command takes it; empty means the table apps:
//
//	aws dynamodb create-table --cli-input-json file://apps.json
//
// The result is JSON with a newline at its end. soketi reads the same table.
func Schema(table string) string {
	if table == "" {
		table = defaultTable
	}
	return strings.ReplaceAll(schema, "TABLE", table)
}

const schema = `{
  "TableName": "TABLE",
  "AttributeDefinitions": [
    {"AttributeName": "AppId", "AttributeType": "S"},
    {"AttributeName": "AppKey", "AttributeType": "S"}
  ],
  "KeySchema": [
    {"AttributeName": "AppId", "KeyType": "HASH"}
  ],
  "GlobalSecondaryIndexes": [
    {
      "IndexName": "` + Index + `",
      "KeySchema": [
        {"AttributeName": "AppKey", "KeyType": "HASH"}
      ],
      "Projection": {"ProjectionType": "ALL"}
    }
  ],
  "BillingMode": "PAY_PER_REQUEST"
}
`
