package ws

import (
	"bytes"
	"net"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is pushed and however it is taken, the same frames leave in the same order, no batch is larger
// than one write takes, and the counts come back to nothing.
func TestOutboxAgainstModel(t *testing.T) {
	shared := bytes.Repeat([]byte("abcdefgh"), 20<<10)
	rapid.Check(t, func(t *rapid.T) {
		var o outbox
		var want, got []byte
		frames, size := 0, 0
		take := func() {
			b := newBatch()
			items := o.take(b, nil)
			if len(items) == 0 && len(want) > 0 {
				t.Fatal("nothing taken")
			}
			b.fill(items)
			if len(b.buf) > writeBufferSize+maxHeader || cap(b.buf) != writeBufferSize+maxHeader {
				t.Fatalf("a buffer of %d, capacity %d", len(b.buf), cap(b.buf))
			}
			got = append(append(got, b.buf...), b.tail...)
			if b.wire != len(b.buf)+len(b.tail) || b.count != len(items) {
				t.Fatal(b.wire, b.count)
			}
			o.settle(b)
			frames, size = frames-b.frames, size-b.bytes
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				if !o.empty() {
					take()
				}
				continue
			}
			n := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(65000, 66000), rapid.IntRange(0, len(shared))).Draw(t, "size")
			free := rapid.Bool().Draw(t, "free")
			o.push(item{data: shared[:n], op: opText, free: free})
			want = append(appendHeader(want, opText, n), shared[:n]...)
			if !free {
				frames, size = frames+1, size+n
			}
			if o.frames != frames || o.bytes != size {
				t.Fatalf("counts %d, %d; want %d, %d", o.frames, o.bytes, frames, size)
			}
		}
		for !o.empty() {
			take()
		}
		if !bytes.Equal(got, want) {
			t.Fatal("other bytes left than were pushed")
		}
		if o.frames != 0 || o.bytes != 0 {
			t.Fatal(o.frames, o.bytes)
		}
		o.shrink()
		o.shrink()
		if o.queue != nil {
			t.Fatal("an idle outbox holds memory")
		}
	})
}

// The guard comes to the same verdict however the bytes are cut, and never passes a bad header whole.
func TestGuardIsBlindToCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sent []byte
		for range rapid.IntRange(1, 8).Draw(t, "frames") {
			first := rapid.SampledFrom([]byte{0x81, 0x01, 0x00, 0x80, 0x89, 0x82, 0x88}).Draw(t, "first")
			switch rapid.IntRange(0, 9).Draw(t, "kind") {
			case 0:
				sent = append(sent, rawLength(first, rapid.Uint64().Draw(t, "length"))...)
			case 1:
				sent = append(sent, first, 3, 'a', 'b', 'c') // unmasked
			default:
				n := rapid.SampledFrom([]int{0, 1, 125, 126, 500}).Draw(t, "size")
				sent = append(sent, maskedFrame(first, n, string(make([]byte, n)))...)
			}
		}
		var whole guard
		wantN, wantFault := whole.scan(sent, bounds{1000, 700, 3})
		var cut guard
		n := 0
		for rest := sent; len(rest) > 0; {
			piece := rest[:rapid.IntRange(1, len(rest)).Draw(t, "cut")]
			m, f := cut.scan(piece, bounds{1000, 700, 3})
			n += m
			if f.code != 0 {
				if f != wantFault || n != wantN {
					t.Fatalf("%v after %d, want %v after %d", f, n, wantFault, wantN)
				}
				return
			}
			rest = rest[len(piece):]
		}
		if wantFault.code != 0 || n != wantN || cut != whole {
			t.Fatalf("no fault after %d, want %v after %d", n, wantFault, wantN)
		}
	})
}

// Any bytes at all end a connection in order: the handler is told once, and no panic is seen.
func FuzzIncoming(f *testing.F) {
	f.Add(text("hello"))
	f.Add(rawLength(0x81, 1<<63))
	f.Add(join(frame(0x01, "a"), frame(0x89, "p"), frame(0x80, "b"), closing(1000, "bye")))
	a := NewAcceptor(Options{MaxMessage: 4096, MaxFragments: 16,
		Listener: Listener{Panicked: func(v any) { f.Error(v) }}})
	f.Cleanup(a.Close)
	f.Fuzz(func(t *testing.T, sent []byte) {
		p, rec := dialPipe(t, a)
		go func() {
			_, _ = p.Write(sent)
			_, _ = p.Write(closing(1000, ""))
			_ = p.Close()
		}()
		_, _ = p.br.WriteTo(discard{})
		rec.closed(t)
	})
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

var _ net.Conn = (*stream)(nil)
