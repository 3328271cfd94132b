package console_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"dormouse/transport/console"

	"github.com/golang-jwt/jwt/v5"
)

// The demo is mounted beside the WebSocket; the server around it signs the tokens.
func ExampleDemo() {
	key := []byte("the secret of this server, at least 32 bytes")
	mux := http.NewServeMux()
	mux.Handle(console.DemoPath, console.Demo(console.DemoOptions{
		Token: func(uid, name string) (string, error) {
			claims := jwt.MapClaims(console.DemoClaims(uid, name, console.DemoColor(uid)))
			claims["exp"] = time.Now().Add(time.Minute).Unix()
			return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(key)
		},
		Commands: []string{"dormouse sub game.lobby"},
	}))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/demo/session", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 application/json
}
