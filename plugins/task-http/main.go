// Command task-http is the http plugin as a binary of its own.
package main

import (
	"github.com/headrace/headrace/plugins/task-http/httptask"
	"github.com/headrace/headrace/sdk"
)

func main() { sdk.Serve(httptask.Plugin()) }
