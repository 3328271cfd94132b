package persistence

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
)

// A meta is an actor's first row: what holds before its living entries. It is written when the actor is
// made and at every checkpoint, not with every turn: what a turn changes of it rides in the entry.
type meta struct {
	address  Address
	epoch    uint64 // before the store's generation is mixed in
	snapshot uint64 // number of the last change that the rows contain
	due      int64
	size     uint64 // of the logged rows: keys and values
}

const metaVersion = 1

// encode is version/1 crc/4 epoch/8 snapshot, due, size, app, kind, name.
func (m *meta) encode() []byte {
	b := make([]byte, 0, 32+len(m.address.App)+len(m.address.Kind)+len(m.address.Name))
	b = append(b, metaVersion, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, m.epoch)
	b = binary.AppendUvarint(b, m.snapshot)
	b = binary.AppendUvarint(b, uint64(m.due))
	b = binary.AppendUvarint(b, m.size)
	b = appendAddress(b, m.address)
	binary.BigEndian.PutUint32(b[1:], crc32.Checksum(b[5:], castagnoli))
	return b
}

func decodeMeta(b []byte) (m meta, err error) {
	d := decoder{b: b}
	if v := d.byte(); v != metaVersion {
		return m, fmt.Errorf("%w: meta has version %d", ErrCorrupt, v)
	}
	sum := d.uint32()
	if d.bad || sum != crc32.Checksum(d.b, castagnoli) {
		return m, fmt.Errorf("%w: meta has a wrong checksum", ErrCorrupt)
	}
	m = meta{epoch: d.uint64(), snapshot: d.uvarint(), due: int64(d.uvarint()), size: d.uvarint()}
	m.address = d.address()
	if d.bad || len(d.b) != 0 {
		return m, fmt.Errorf("%w: meta does not decode", ErrCorrupt)
	}
	return m, nil
}

func appendAddress(b []byte, a Address) []byte {
	return appendString(appendString(appendString(b, a.App), a.Kind), a.Name)
}

func (d *decoder) address() Address {
	return Address{App: d.string(), Kind: d.string(), Name: d.string()}
}

// epochBits keeps epochs within what a JavaScript number holds exactly.
const epochBits = 53

func randomEpoch() uint64 { return 1 + rand.Uint64N(1<<epochBits-1) }

// mixEpoch is the epoch that is shown: another one after a restore, for every actor, with one row written.
func mixEpoch(epoch, generation uint64) uint64 {
	if e := (epoch ^ generation) & (1<<epochBits - 1); e != 0 {
		return e
	}
	return 1
}
