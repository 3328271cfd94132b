package channel

import "testing"

// What is taken back is not held on to by the memory that the next command gets.
func TestForgottenEffectsAreGone(t *testing.T) {
	var fx Effects
	fx.put("a", []byte("1"))
	before := fx
	fx.put("b", make([]byte, 1<<20))
	fx.answer(&Message{}, nil)
	fx.Events = append(fx.Events, BackendEvent{Type: "e", Data: []byte("2")})
	fx.forget(before)
	if len(fx.Writes) != 1 || fx.Writes[0].Key != "a" || len(fx.Deliveries)+len(fx.Events) > 0 {
		t.Fatalf("left: %v", fx)
	}
	fx.Reset()
	if fx.Writes[:2][1].Value != nil || fx.Deliveries[:1][0].Message != nil || fx.Events[:1][0].Data != nil {
		t.Errorf("held: %v, %v, %v", fx.Writes[:2], fx.Deliveries[:1], fx.Events[:1])
	}
}
