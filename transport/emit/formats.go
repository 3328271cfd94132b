package emit

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"dormouse/actors/courier"
)

// A Format is the form in which a webhook's body carries an event.
type Format string

// The formats. Those named after Amazon's services have the form that a subscriber of theirs reads, with
// an account of zeros and a region that is none.
//
// Source: Hotsock docs, Pub/Sub Events; Amazon EventBridge, "Events"; Amazon SNS, "HTTP/HTTPS notification".
const (
	FormatHotsock     Format = "hotsock"     // the envelope alone
	FormatEventBridge Format = "eventbridge" // the envelope as detail
	FormatSNS         Format = "sns"         // the envelope as the text in Message, with attributes
)

// Formats are all formats.
var Formats = []Format{FormatHotsock, FormatEventBridge, FormatSNS}

const (
	noAccount = "000000000000"
	noRegion  = "local"
	noTopic   = "arn:aws:sns:" + noRegion + ":" + noAccount + ":hotsock"
)

func (f Format) contentType() string {
	if f == FormatSNS {
		return "text/plain; charset=UTF-8" // SNS says so of its JSON
	}
	return "application/json"
}

// append appends e's body.
func (f Format) append(b []byte, e *courier.Event) []byte {
	switch f {
	case FormatEventBridge:
		b = append(b, `{"version":"0","id":"`+uuid.UUID(e.ID).String()+`","detail-type":`...)
		b = appendQuoted(b, e.DataType)
		b = append(b, `,"source":"`+courier.Source+`","account":"`+noAccount+`","time":"`...)
		b = e.At().AppendFormat(b, time.RFC3339)
		b = append(b, `","region":"`+noRegion+`","resources":[],"detail":`...)
		return append(e.AppendEnvelope(b), '}')
	case FormatSNS:
		b = append(b, `{"Type":"Notification","MessageId":"`+uuid.UUID(e.ID).String()+`","TopicArn":"`+noTopic+`","Message":`...)
		b = appendQuoted(b, string(e.AppendEnvelope(nil)))
		b = append(b, `,"Timestamp":"`...)
		b = e.At().AppendFormat(b, "2006-01-02T15:04:05.000Z07:00")
		b = append(b, `","MessageAttributes":{`...)
		for i, a := range attributes(e) {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendQuoted(b, a.Name)
			b = append(appendQuoted(append(b, `:{"Type":"String","Value":`...), a.Value), '}')
		}
		return append(b, `}}`...)
	}
	return e.AppendEnvelope(b)
}

// attributes are what a subscriber can filter by without reading the envelope, in order of the names.
func attributes(e *courier.Event) []courier.Attribute {
	all := make([]courier.Attribute, 0, 3+len(e.Metadata))
	all = append(all, courier.Attribute{Name: "source", Value: courier.Source},
		courier.Attribute{Name: "type", Value: e.Type}, courier.Attribute{Name: "dataType", Value: e.DataType})
	for _, a := range e.Metadata {
		if e.DataType == "channelStorage" && a.Name != "channel" && a.Name != "key" && a.Name != "trigger" {
			continue
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b courier.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the error says that s was not UTF-8, which is replaced
	return b
}
