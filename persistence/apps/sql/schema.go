package sql

import (
	"fmt"
	"strings"
)

// Schema is one statement that makes the table in this dialect; an empty name means apps. It ends with a semicolon
// and a newline. soketi reads the same table, with -1 and null where it means no limit of the app's own.
//
// It differs from soketi's own where that costs its users: key is unique, so a lookup by it reads one row, and limits
// have room for every number.
//
// Errors: a dialect that is not one, a name that cannot be quoted.
func Schema(d Dialect, table string) (string, error) {
	o := Options{Dialect: d, Table: table}
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return "", fmt.Errorf("schema of a table of apps: %w", err)
	}
	return strings.ReplaceAll(dialects[d].schema, "TABLE", quoted(o.Table, dialects[d].mark)), nil
}

const postgresSchema = `create table TABLE (
  id varchar(255) primary key,
  "key" varchar(255) not null unique,
  secret varchar(255) not null,
  max_connections integer not null default -1,
  enable_client_messages smallint not null default 0,
  enabled smallint not null default 1,
  max_backend_events_per_sec integer not null default -1,
  max_client_events_per_sec integer not null default -1,
  max_read_req_per_sec integer not null default -1,
  webhooks json,
  max_presence_members_per_channel integer,
  max_presence_member_size_in_kb double precision,
  max_channel_name_length integer,
  max_event_channels_at_once integer,
  max_event_name_length integer,
  max_event_payload_in_kb double precision,
  max_event_batch_size integer,
  enable_user_authentication smallint not null default 0
);
`

const mysqlSchema = "create table TABLE (\n" +
	"  id varchar(255) character set utf8mb4 collate utf8mb4_bin primary key,\n" +
	"  `key` varchar(255) character set utf8mb4 collate utf8mb4_bin not null unique,\n" +
	`  secret varchar(255) character set utf8mb4 collate utf8mb4_bin not null,
  max_connections integer not null default -1,
  enable_client_messages tinyint not null default 0,
  enabled tinyint not null default 1,
  max_backend_events_per_sec integer not null default -1,
  max_client_events_per_sec integer not null default -1,
  max_read_req_per_sec integer not null default -1,
  webhooks json,
  max_presence_members_per_channel integer,
  max_presence_member_size_in_kb double,
  max_channel_name_length integer,
  max_event_channels_at_once integer,
  max_event_name_length integer,
  max_event_payload_in_kb double,
  max_event_batch_size integer,
  enable_user_authentication tinyint not null default 0
);
`
