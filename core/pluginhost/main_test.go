package pluginhost

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/pluginhost/process"
)

// guardArgument makes the test binary the guard.
const guardArgument = "run-the-guard"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == guardArgument:
		if err := process.RunGuard(os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case os.Getenv(fakeEnv) != "":
		serveFake()
	case os.Getenv(engineEnv) != "":
		standInEngine()
	default:
		goleak.VerifyTestMain(m)
	}
}
