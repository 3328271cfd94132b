package hotsock

import (
	"strings"
	"testing"
	"time"

	"dormouse/actors"
)

func TestOptions(t *testing.T) {
	wrong := Options{
		MaxData: -1, MaxUID: -1, MaxUMD: -1, MaxBody: -1, MaxPending: 5000, HTTPTimeout: -time.Second, FrameRate: -1, FrameBurst: -1,
		MaxRateRefusals: -1, ConnectRate: -1, ConnectBurst: -1,
	}
	_, err := New(wrong)
	if err == nil {
		t.Fatal("all that is wrong was taken")
	}
	for _, field := range []string{
		"System", "Acceptor", "MaxData", "MaxUID", "MaxUMD", "MaxBody", "MaxPending", "HTTPTimeout", "FrameRate", "FrameBurst",
		"MaxRateRefusals", "ConnectRate", "ConnectBurst",
	} {
		if !strings.Contains(err.Error(), "hotsock: "+field+" is ") {
			t.Errorf("%s is not named in:\n%v", field, err)
		}
	}

	o := Options{System: new(actors.System), MaxData: 1000, FrameRate: 7.5}
	o.EnsureDefaults()
	if o.MaxBody != 1000+envelopeSize || o.MaxPending != 64 || o.HTTPTimeout != 5*time.Second || o.FrameBurst != 7 ||
		o.Draining() || o.Keys.Check("") || o.engine == nil {
		t.Errorf("defaults: %+v", o)
	}
}
