// The table that soketi's documentation has its users make in DynamoDB, and the app that it has them put there, value by
// value, by the SDK that they have.
//
//   node table.cjs ENDPOINT
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
const { DynamoDB } = require('aws-sdk');

const dynamodb = new DynamoDB({
  apiVersion: '2012-08-10', region: 'us-east-1', endpoint: process.argv[2], accessKeyId: 'owner', secretAccessKey: 'owner',
});
const throughput = { ReadCapacityUnits: 100, WriteCapacityUnits: 100 };

const table = {
  TableName: 'apps',
  AttributeDefinitions: [{ AttributeName: 'AppId', AttributeType: 'S' }, { AttributeName: 'AppKey', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'AppId', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [{
    IndexName: 'AppKeyIndex',
    KeySchema: [{ AttributeName: 'AppKey', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'ALL' },
    ProvisionedThroughput: throughput,
  }],
  StreamSpecification: { StreamEnabled: false },
  ProvisionedThroughput: throughput,
};

const app = {
  AppId: { S: 'app-id' },
  AppKey: { S: 'app-key' },
  AppSecret: { S: 'app-secret' },
  MaxConnections: { N: '-1' },
  EnableClientMessages: { B: 'false' },
  Enabled: { B: 'true' },
  MaxBackendEventsPerSecond: { N: '-1' },
  MaxClientEventsPerSecond: { N: '-1' },
  MaxReadRequestsPerSecond: { N: '-1' },
  Webhooks: { S: '[]' },
};

(async () => {
  await dynamodb.createTable(table).promise();
  await dynamodb.waitFor('tableExists', { TableName: 'apps', $waiter: { delay: 0.05 } }).promise();
  await dynamodb.putItem({ TableName: 'apps', Item: app }).promise();
  console.log('there');
})();
