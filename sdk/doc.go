// Package sdk is what the author of a Headrace plugin imports.
//
// A plugin is a program of its own. It lists its task types and serves:
//
//	func main() {
//		sdk.Serve(sdk.Plugin{
//			Name: "thumbnails", Version: "1.2.0",
//			Tasks: []sdk.TaskType{sdk.Task("image.thumbnail", makeThumbnail)},
//		})
//	}
//
//	func makeThumbnail(ctx context.Context, in ThumbnailRequest) (ThumbnailResult, error)
//
// # Payloads and results
//
// The payload is decoded into the handler's argument and its answer is encoded,
// both as JSON. Their JSON Schemas come from the Go types, so the engine refuses
// a payload that does not fit before the task exists: a field without omitempty
// is required, an unknown field is refused, json.RawMessage and any take
// everything. The tags description, default and jsonschema describe a field.
//
// # Errors
//
// Return an error of package fault to say what went wrong; the engine decides by
// its code whether the task is tried again. A plain error is
// task_execution_failed with its text as the message; a panic is internal_error,
// and the process goes on. [fault.Retry] and [fault.Permanent] override the code.
//
// # While a task runs
//
// The context ends when the attempt's time is over, when somebody cancels the
// task, or when the engine stops; context.Cause tells which ([ErrTimeout],
// [ErrCancelled], [ErrShutdown], [ErrFenced], [ErrEngineGone]). A handler should
// return soon after. [Attempt] gives the id and the attempt number: an effect that
// carries them happens exactly once, however often the task is tried. What a handler
// tells [Progress] and [Logger] goes to the engine's log, with the task's id;
// progress at the level debug.
//
// # Configuration
//
// A struct describes the config block of the plugin, see [ConfigOf]; a handler
// reads it with [Config].
//
// # What the process does by itself
//
// It refuses to be started by hand, prints its description as JSON when its one
// argument is "describe", ignores SIGINT and SIGTERM until the engine has drained
// it, and ends itself and its process group when the engine is gone. What the
// program prints to standard output goes to the engine's log; only what is printed
// before [Serve] is called disturbs the start.
//
// The package never imports the engine, and never starts a goroutine that it does
// not wait for.
package sdk
