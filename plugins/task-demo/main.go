// Command task-demo is the demo plugin as a binary of its own.
package main

import (
	"github.com/headrace/headrace/plugins/task-demo/demo"
	"github.com/headrace/headrace/sdk"
)

func main() { sdk.Serve(demo.Plugin()) }
