// Package plugintest proves a plugin without an engine.
//
// [Start] serves a plugin inside the test over real gRPC, so that what the handler
// takes and gives goes through the same encoding, the same groups and the same
// outcomes as in production. Payloads and results are checked against the plugin's
// own schemas, as the engine does it.
//
//	p := plugintest.Start(t, plugin, plugintest.WithConfig(map[string]any{"output_dir": dir}))
//	result, fault := p.Run(ctx, "image.thumbnail", map[string]any{"source": "a.png"})
//
// When the test ends the plugin is stopped, and goroutines that it left behind
// fail the test. The check sees only what this plugin started, so tests may run in
// parallel.
//
// The package is for tests; it never starts a process and never imports the engine.
package plugintest
