// Command task-exec is the exec plugin as a binary of its own.
package main

import (
	"github.com/headrace/headrace/plugins/task-exec/exectask"
	"github.com/headrace/headrace/sdk"
)

func main() { sdk.Serve(exectask.Plugin()) }
