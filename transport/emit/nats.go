package emit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"dormouse/actors/courier"
)

// DefaultPrefix begins every subject.
const DefaultPrefix = "hotsock.v1"

// natsTimeout bounds one publish, until the server has it.
const natsTimeout = 5 * time.Second

// NATSOptions are one NATS server or cluster. URL is required.
type NATSOptions struct {
	// URL is nats://host:port or tls://host:port; several stand between commas.
	URL string
	// Prefix begins every subject, {prefix}.{dataType}.{type without "hotsock."}. Default DefaultPrefix.
	Prefix string
	// JetStream waits until a stream has stored the event; without it, until the server has it, which then
	// gives it to whoever listens at that moment.
	JetStream bool
	Filter
	// Credentials is a .creds file; User and Password, or Token, are the other ways to say who we are.
	Credentials           string
	User, Password, Token string
	// CAFile has the certificates that the server's must be signed by. Default: the system's.
	CAFile string
	// Logger gets connects and disconnects; nil: slog.Default.
	Logger *slog.Logger
}

// EnsureDefaults fills in what is zero.
func (o *NATSOptions) EnsureDefaults() {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Validate names everything that is wrong, in the words of the configuration's file.
func (o *NATSOptions) Validate() error {
	var errs []error
	if o.URL == "" {
		errs = append(errs, errors.New("url is missing: such as nats://127.0.0.1:4222"))
	}
	if strings.ContainsAny(o.Prefix, " \t\r\n*>") || strings.HasPrefix(o.Prefix, ".") || strings.HasSuffix(o.Prefix, ".") || strings.Contains(o.Prefix, "..") {
		errs = append(errs, fmt.Errorf("prefix %q is no beginning of a subject: words with dots between them", o.Prefix))
	}
	if o.Password != "" && o.User == "" {
		errs = append(errs, errors.New("password is there, and user is missing"))
	}
	return errors.Join(append(errs, o.Filter.Validate())...)
}

// A NATS publishes events to subjects.
type NATS struct {
	o      NATSOptions
	conn   *nats.Conn
	stream jetstream.JetStream // nil: none
}

var _ courier.Emitter = (*NATS)(nil)

// NewNATS begins to connect, and goes on doing so for ever: a server that is away costs nothing but its
// own backlog.
//
// Errors: what [NATSOptions.Validate] says, or that credentials or certificates cannot be read.
func NewNATS(o NATSOptions) (*NATS, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	log := o.Logger
	options := []nats.Option{
		nats.Name("dormouse"), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.Timeout(natsTimeout), nats.ReconnectWait(time.Second),
		// What is published while there is no connection must fail: the outbox keeps it, and is bounded
		// by the disk.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("the connection to NATS was lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { log.Info("the connection to NATS is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("NATS tells of an error", "err", err) }),
	}
	if o.Credentials != "" {
		options = append(options, nats.UserCredentials(o.Credentials))
	}
	if o.User != "" {
		options = append(options, nats.UserInfo(o.User, o.Password))
	}
	if o.Token != "" {
		options = append(options, nats.Token(o.Token))
	}
	if o.CAFile != "" {
		options = append(options, nats.RootCAs(o.CAFile))
	}
	conn, err := nats.Connect(o.URL, options...)
	if err != nil {
		return nil, err
	}
	n := &NATS{o: o, conn: conn}
	if o.JetStream {
		if n.stream, err = jetstream.New(conn); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return n, nil
}

// Name implements courier.Emitter.
func (*NATS) Name() string { return "nats" }

// Wants implements courier.Emitter.
func (n *NATS) Wants(eventType, dataType, channel string) bool {
	return n.o.Wants(eventType, dataType, channel)
}

// Close ends the connection.
func (n *NATS) Close() { n.conn.Close() }

// Emit implements courier.Emitter.
func (n *NATS) Emit(ctx context.Context, e *courier.Event) error {
	ctx, cancel := context.WithTimeout(ctx, natsTimeout)
	defer cancel()
	if !n.conn.IsConnected() {
		return errors.New("not connected to NATS")
	}
	m := n.message(e)
	if limit := n.conn.MaxPayload(); limit > 0 && int64(m.Size()) > limit {
		return &courier.Refusal{Reason: fmt.Sprintf("the event has %d bytes, and NATS takes %d", m.Size(), limit), Final: true}
	}
	if n.stream != nil {
		_, err := n.stream.PublishMsg(ctx, m)
		return err
	}
	before := n.conn.Stats().Reconnects
	if err := n.conn.PublishMsg(m); err != nil {
		return err
	}
	// The server has read all that came before a ping when it answers that.
	if err := n.conn.FlushWithContext(ctx); err != nil {
		return err
	}
	if n.conn.Stats().Reconnects != before {
		return errors.New("the connection to NATS was lost meanwhile") // and with it, perhaps, the event
	}
	return nil
}

func (n *NATS) message(e *courier.Event) *nats.Msg {
	m := nats.NewMsg(n.o.Prefix + "." + e.DataType + "." + strings.TrimPrefix(e.Type, "hotsock."))
	m.Data = e.AppendEnvelope(nil)
	m.Header.Set(jetstream.MsgIDHeader, e.ID.String())
	for _, a := range attributes(e) {
		m.Header.Set("Hotsock-"+strings.ToUpper(a.Name[:1])+a.Name[1:], a.Value)
	}
	return m
}
