package app_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/pluginhost/process"
	"github.com/headrace/headrace/plugins/task-demo/demo"
	"github.com/headrace/headrace/sdk"
)

// TestMain makes the test binary the program of the built-in plugins and of the
// guard too, as the engine's own binary is, and of a node that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "plugin" {
		os.Exit(helper(os.Args[2:]))
	}
	if len(os.Args) == 3 && os.Args[1] == "node" {
		os.Exit(runNode(os.Args[2]))
	}
	goleak.VerifyTestMain(m)
}

func helper(args []string) int {
	switch {
	case args[0] == "guard":
		if err := process.RunGuard(os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	case len(args) > 1 && args[0] == "serve" && args[1] == "demo":
		return sdk.Run(demo.Plugin(), args[2:])
	case len(args) > 1 && args[0] == "serve" && args[1] == "tidy":
		return sdk.Run(tidy(), args[2:])
	}
	fmt.Fprintln(os.Stderr, "unknown helper", args)
	return 2
}
