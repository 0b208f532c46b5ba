package process

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// guardArgument makes the test binary the guard.
const guardArgument = "run-the-guard"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == guardArgument {
		if err := RunGuard(os.Stdin); err != nil {
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}
