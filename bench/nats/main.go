// Command nats is a NATS server with JetStream, its data in a folder of its own, and one key-value bucket.
//
// A set is a message to $KV.bench.<channel>.<key>; the server's answer says that it is on disk. Everything
// that the bucket has stored is published again at live.<channel>.<key>, which is how NATS tells many
// clients of a bucket's entries without a consumer for each; so nobody hears of a set before it is on disk.
// What is only published goes to live.<channel>.message.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"dormouse/bench/admin"
)

func main() {
	data := flag.String("data", "", "folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *data); err != nil {
		fmt.Fprintln(os.Stderr, "nats:", err)
		os.Exit(1)
	}
}

// configuration says what differs from a NATS server as it comes: without the last line, a set is
// acknowledged when it is written, and synced every two minutes.
const configuration = `
listen: "127.0.0.1:-1"
jetstream {
  store_dir: %q
  sync_interval: always
}
`

func run(ctx context.Context, data string) error {
	opts := &server.Options{}
	if err := opts.ProcessConfigString(fmt.Sprintf(configuration, data)); err != nil {
		return err
	}
	opts.NoSigs, opts.NoLog = true, true
	s, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(20 * time.Second) {
		return errors.New("the server does not listen")
	}
	if err := makeBucket(ctx, s); err != nil {
		return err
	}
	if err := admin.Serve(s.Addr().String(), nil); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func makeBucket(ctx context.Context, s *server.Server) error {
	conn, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	_, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:    "bench",
		Storage:   jetstream.FileStorage,
		RePublish: &jetstream.RePublish{Source: "$KV.bench.>", Destination: "live.>"},
	})
	return err
}
