package proto

// What both sides of the wire must agree on besides the messages.
const (
	// CookieKey and CookieValue are go-plugin's magic cookie: an environment
	// variable that tells a plugin it was started by an engine and not by hand.
	// They are no secret and protect nothing.
	CookieKey   = "HEADRACE_PLUGIN"
	CookieValue = "headrace-task-engine-7d1f3a"

	// Version is the version of plugin.proto, go-plugin's protocol version.
	Version = 1

	// ServiceName is the name of the plugin in go-plugin's set.
	ServiceName = "headrace"

	// DescribeCommand is the one argument that makes a plugin binary print its
	// DescribeResponse as JSON and exit, without a server or a cookie.
	DescribeCommand = "describe"

	// MaxMessage is the largest message in bytes that either side takes: 16
	// payloads of the largest default size. Both sides check it.
	MaxMessage = 16 << 20

	// GroupCount and GroupBytes bound what a sender puts into one message
	// (beyond the first item): measured, 64 tasks a message is where larger
	// groups stop paying.
	GroupCount = 64
	GroupBytes = 256 << 10
)
