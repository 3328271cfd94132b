package channel

// WriteStorage sets, clears or counts up several entries, or one, if conditions hold: all of them or none.
// It is one change of the channel: its entries have one version, and nobody sees a part of it. Observers are
// told of each entry that changed, in the order of cmd.Writes, as by SetStorage.
//
// Conditions are about the entries as they were before: an entry that has expired is not there. The result
// is a *StorageWritten.
//
// Errors: ErrStorageConflict if a condition does not hold, ErrStorageNotNumber if an entry cannot be counted
// up, ErrInvalidMessage if a key stands twice or there are too many, ErrDataTooLarge, ErrInvalidStore, or a
// fault.
func (c *Channel) WriteStorage(s Step, cmd *WriteStorage, fx *Effects) error {
	if err := cmd.Check(c.o.MaxData); err != nil {
		return err
	}
	sets := make([]SetStorage, len(cmd.Writes))
	prepared := make([]preparedSet, len(cmd.Writes))
	for i := range cmd.Writes {
		w, p := &cmd.Writes[i], &prepared[i]
		sets[i] = SetStorage{
			Sender: cmd.Sender, Key: w.Key, Data: w.Data, Store: w.Store, Emit: w.Emit, NotifyExpiry: w.NotifyExpiry, Server: cmd.Server,
		}
		if w.Increment != "" {
			sets[i].Data = []byte(w.Increment) // until the sum is known: it is no clear
		}
		if err := c.prepareSet(s, &sets[i], p); err != nil {
			return err
		}
		current := &p.old
		if p.was == nil || expired(p.old.expires, s.At) {
			current = &entryRow{}
		}
		if err := w.holds(current); err != nil {
			return err
		}
		if w.Increment != "" {
			sum, err := w.sum(current)
			if err != nil {
				return err
			}
			sets[i].Data = sum
		}
	}

	// From here on nothing fails.
	by := author(&cmd.Sender, c.byConnection[cmd.ConnectionID], cmd.Server)
	done := &StorageWritten{Entries: make([]WrittenEntry, len(sets))}
	for i := range sets {
		e := &done.Entries[i]
		e.Key = sets[i].Key
		version := c.set(s, &sets[i], by, &prepared[i], fx)
		if w := &cmd.Writes[i]; w.Show {
			e.Version = version
			if w.Increment != "" {
				e.Data = sets[i].Data
			}
		}
	}
	fx.Result = done
	return nil
}

// maxWrites bounds the entries of one WriteStorage: they are one turn of the channel, whatever waits.
const maxWrites = 100

// Check refuses what no channel could do, whatever entries it has, and data of more than so many bytes.
//
// Errors: ErrInvalidMessage, ErrDataTooLarge, ErrStorageNotNumber.
func (cmd *WriteStorage) Check(maxData int) error {
	if len(cmd.Writes) == 0 || len(cmd.Writes) > maxWrites {
		return ErrInvalidMessage.With("One set has 1 to %d entries, not %d.", maxWrites, len(cmd.Writes))
	}
	seen := make(map[string]bool, len(cmd.Writes))
	size := 0
	for i := range cmd.Writes {
		w := &cmd.Writes[i]
		if seen[w.Key] {
			return ErrInvalidMessage.With("The key %q stands twice in one set.", w.Key)
		}
		seen[w.Key] = true
		size += len(w.Data)
		if _, _, ok := parseDecimal([]byte(w.Increment)); w.Increment != "" && !ok {
			return ErrStorageNotNumber.With("The entry %q cannot be incremented by %s: that has more than %d digits.", w.Key, w.Increment, maxDigits)
		}
	}
	if size > maxData {
		return ErrDataTooLarge.With("The data of all entries is %d bytes; at most %d are allowed.", size, maxData)
	}
	return nil
}

// holds refuses a write whose condition is not true of the entry, which has version 0 if it is not there.
func (w *StorageWrite) holds(e *entryRow) error {
	switch {
	case w.IfVersion < 0 || uint64(w.IfVersion) == e.version:
		return nil
	case e.version == 0:
		return ErrStorageConflict.With("The entry %q is not there.", w.Key)
	case w.IfVersion == 0:
		return ErrStorageConflict.With("The entry %q is there already.", w.Key)
	case !w.Show:
		return ErrStorageConflict.With("The entry %q has another version.", w.Key)
	}
	return ErrStorageConflict.With("The entry %q has version %d, not %d.", w.Key, e.version, w.IfVersion)
}

// sum returns what an entry is after it was counted up.
func (w *StorageWrite) sum(e *entryRow) ([]byte, error) {
	old := e.data
	if len(old) == 0 {
		old = []byte("0")
	}
	sum, ok := addNumbers(old, []byte(w.Increment))
	if !ok {
		return nil, ErrStorageNotNumber.With("The entry %q cannot be incremented by %s: both must be numbers, and the sum too, of at most %d digits.",
			w.Key, w.Increment, maxDigits)
	}
	return sum, nil
}
