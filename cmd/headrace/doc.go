// Command headrace is the engine and the tool to work with it. It turns flags
// into the options of the packages that do the work, and their answers into
// text; it decides nothing by itself.
//
// Exit codes:
//
//	0  done
//	1  any error
//	2  bad usage or configuration
//	4  task wait: the task failed
//	5  task wait: the task is a dead letter
//	6  task wait: the task was cancelled
//	7  task wait: the time was up before the task had ended
//
// A node (dev, server) that is told to stop by SIGINT or SIGTERM drains and
// ends with 0. A second signal ends it at once, with 128 and the signal's number
// (130, 143); a drain that outlasts the grace ends with 1. What is cut off in
// that way is done again by another node, or after the next start.
//
// The environment:
//
//	HEADRACE_ADDR   URL of the server that the task commands speak with
//	HEADRACE_TOKEN  their API key; for dev the key to accept
//	HEADRACE_LOG    level of the log, as -log-level; ",json" behind it is -log-json
//	HEADRACE_VAR_…  values of variables of the configuration
package main
