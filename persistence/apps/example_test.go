package apps_test

import (
	"context"
	"errors"
	"fmt"

	"dormouse/claims"
	"dormouse/persistence/apps"
)

// A record as tables have them: numbers and booleans as text, a limit that is no number.
func ExampleDecode() {
	app, warnings, err := apps.Decode(apps.Record{
		"AppId": "shop", "AppKey": "4f1c", "AppSecret": "s3cret",
		"EnableClientMessages": []byte("true"),
		"MaxConnections":       "200",
		"MaxEventBatchSize":    "ten",
	}, apps.Defaults{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(app.Namespace(), app.EnableClientMessages, app.MaxConnections, app.MaxEventBatchSize)
	for _, w := range warnings {
		fmt.Println(w)
	}
	// Output:
	// pusher/shop true 200 10
	// app "shop": MaxEventBatchSize is the text "ten", expected a whole number; 10 is used
}

// Connections of an app live as long as their app does: one watch serves them all.
func ExampleCache_Watch() {
	source, _ := apps.NewStatic([]apps.Record{{"id": "shop", "key": "4f1c", "secret": "s3cret"}})
	cache := apps.NewCache(source, apps.CacheOptions{})
	defer cache.Close()

	app, err := cache.ByKey(context.Background(), "4f1c")
	if err != nil {
		fmt.Println(err)
		return
	}
	states := make(chan *claims.App, 1)
	stop, err := cache.Watch(app, func(now *claims.App) { states <- now })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()

	source.Replace([]apps.Record{{"id": "shop", "key": "4f1c", "secret": "s3cret", "enabled": false}})
	cache.RefreshAll()
	fmt.Println("enabled:", (<-states).Enabled)

	_, err = cache.ByKey(context.Background(), "unknown")
	fmt.Println(errors.Is(err, claims.ErrNoApp), err)
	// Output:
	// enabled: false
	// true no such app
}
