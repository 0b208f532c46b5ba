package sdk_test

import (
	"runtime/debug"
	"strconv"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	wire "github.com/headrace/headrace/sdk/proto"
)

// gogc is the setting in force; reading it sets it for a moment.
func gogc() string {
	percent := debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return strconv.Itoa(percent)
}

// dial connects to a plugin's socket.
func dial(t testing.TB, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("unix:"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}
