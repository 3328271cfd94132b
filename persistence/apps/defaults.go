package apps

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Defaults are what the server lends to apps whose records leave something out. The zero value works.
type Defaults struct {
	// The seven limits that an app has in any case: an absent, unreadable, zero or negative one is
	// replaced by these. Units as in [claims.App]. Zero or less: 100 members, 2 KiB, 200 UTF-16 units, 100
	// channels, 200 UTF-16 units, 100 KiB, 10 events.
	MaxPresenceMembersPerChannel int
	MaxPresenceMemberSizeInKB    float64
	MaxChannelNameLength         int
	MaxEventChannelsAtOnce       int
	MaxEventNameLength           int
	MaxEventPayloadInKB          float64
	MaxEventBatchSize            int

	// AllowClientEventsOnPublic is the default of the app's switch. Pusher: false; soketi: true.
	AllowClientEventsOnPublic bool
	// WebhookDelay is the default of the app's, at most an hour. Zero: 3 s, as Pusher; negative: none, as soketi.
	WebhookDelay time.Duration

	// LegacyTruthiness reads enabled, enableClientMessages and enableUserAuthentication as soketi does:
	// any text and most bytes are true, the word false included. For tables that rely on it.
	LegacyTruthiness bool
}

// maxWebhookDelay bounds how long news is held, and with it how much of it.
const maxWebhookDelay = time.Hour

// EnsureDefaults fills what is zero, and limits that are negative or no number.
func (d *Defaults) EnsureDefaults() {
	fill := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	fillKB := func(f *float64, def float64) {
		if !(*f > 0) {
			*f = def
		}
	}
	fill(&d.MaxPresenceMembersPerChannel, 100)
	fillKB(&d.MaxPresenceMemberSizeInKB, 2)
	fill(&d.MaxChannelNameLength, 200)
	fill(&d.MaxEventChannelsAtOnce, 100)
	fill(&d.MaxEventNameLength, 200)
	fillKB(&d.MaxEventPayloadInKB, 100)
	fill(&d.MaxEventBatchSize, 10)
	if d.WebhookDelay == 0 {
		d.WebhookDelay = 3 * time.Second
	}
}

// Validate names every field that is wrong, after EnsureDefaults.
func (d *Defaults) Validate() error {
	var errs []error
	for _, size := range []struct {
		name string
		kb   float64
	}{
		{"MaxPresenceMemberSizeInKB", d.MaxPresenceMemberSizeInKB},
		{"MaxEventPayloadInKB", d.MaxEventPayloadInKB},
	} {
		if math.IsInf(size.kb, 1) {
			errs = append(errs, fmt.Errorf("%s is infinite", size.name))
		}
	}
	if d.WebhookDelay > maxWebhookDelay {
		errs = append(errs, fmt.Errorf("WebhookDelay %v is longer than %v", d.WebhookDelay, maxWebhookDelay))
	}
	return errors.Join(errs...)
}
