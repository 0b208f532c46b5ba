package sdk_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/headrace/headrace/sdk"
)

// envRole makes the test binary play a plugin: its value names the plugin of
// rolePlugins to serve.
const envRole = "HEADRACE_SDK_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(envRole); role != "" {
		os.Exit(sdk.Run(rolePlugin(role), os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}
