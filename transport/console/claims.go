package console

import "hash/fnv"

// The channels the demo page lives on.
const (
	DemoLobby    = "game.lobby"
	DemoPresence = "presence.lobby"
)

// demoColors are the avatars' colours; white text on any of them has a contrast of at least 4.5.
var demoColors = []string{
	"#b4472e", "#2f6fb0", "#3d7a3a", "#8a4fae", "#a3621b", "#1d7a78",
	"#b13a6b", "#4f5fc4", "#6b7014", "#8b5a44", "#52707f", "#c03a3f",
}

// DemoColor returns the colour of a uid's avatar, "#rrggbb", always the same for the same uid.
func DemoColor(uid string) string {
	h := fnv.New32a()
	h.Write([]byte(uid))
	return demoColors[h.Sum32()%uint32(len(demoColors))]
}

// DemoClaims returns the claims of a token with which the demo page can connect as uid, to be signed
// together with an exp. The map is the caller's to add to.
//
// They allow one lobby and no more: subscribe to DemoLobby and DemoPresence, observe, get and set the
// storage keys settings.* of DemoLobby, publish chat there and hear it echoed. name and color go into
// umd as {"name","color"}. The scope umd beside connect is what lets a tab change its name while it
// stays connected: it presents its next token in hotsock.umdUpdate.
func DemoClaims(uid, name, color string) map[string]any {
	return map[string]any{
		"scope":        "connect umd",
		"uid":          uid,
		"umd":          map[string]any{"name": name, "color": color},
		"umdUpdate":    true,
		"umdPropagate": true,
		"channels": map[string]any{
			DemoLobby: map[string]any{
				"subscribe": true,
				"storage": map[string]any{
					"settings.*": map[string]any{"observe": true, "get": true, "set": true},
				},
				"messages": map[string]any{
					"chat": map[string]any{"publish": true, "echo": true},
				},
			},
			DemoPresence: map[string]any{"subscribe": true},
		},
	}
}
