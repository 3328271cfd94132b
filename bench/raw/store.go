package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
)

// A store commits what waits as one batch with one sync, and only then lets anybody hear of it. The next
// group is committed while the last one is written to the sockets.
type store struct {
	*queue
	db      *pebble.DB
	durable chan []job
}

func openStore(dir string) (*store, error) {
	db, err := pebble.Open(dir, &pebble.Options{
		FormatMajorVersion: pebble.FormatNewest,
		MemTableSize:       16 << 20,
		Logger:             quiet{},
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	s := &store{queue: newQueue(), db: db, durable: make(chan []job, 1)}
	go s.commit()
	go s.answer()
	return s, nil
}

func (s *store) take(from *client, message []byte) { s.put(job{from, message}) }

func (s *store) commit() {
	var seq uint64
	for {
		jobs := append([]job(nil), s.next()...)
		b := s.db.NewBatch()
		for _, j := range jobs {
			seq++
			if err := b.Set(binary.BigEndian.AppendUint64(nil, seq), j.message, nil); err != nil {
				fatal(err)
			}
		}
		if err := b.Commit(pebble.Sync); err != nil {
			fatal(err)
		}
		_ = b.Close()
		syncs.Add(1)
		s.durable <- jobs
	}
}

func (s *store) answer() {
	var w writer
	var ack []byte
	var seq uint64
	for jobs := range s.durable {
		for _, j := range jobs {
			seq++
			ack = append(ack[:0], `{"event":"hotsock.ack","ref":"1","data":{"seq":`...)
			ack = append(strconv.AppendUint(ack, seq, 10), `}}`...)
			w.answer(j.from, ack)
			w.publish(j.from.channel, j.message)
		}
		w.flush()
	}
}

// fatal ends the process: after a failed sync nobody knows what is on disk.
func fatal(err error) {
	fmt.Fprintln(os.Stderr, "raw:", err)
	os.Exit(1)
}

// quiet keeps Pebble's events out of standard error.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	fatal(fmt.Errorf(format, args...))
}
