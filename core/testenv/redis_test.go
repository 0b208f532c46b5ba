package testenv_test

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/headrace/headrace/core/testenv"
)

func TestPrefixIsOwnAndItsKeysAreGoneAfterTheTest(t *testing.T) {
	t.Parallel()
	const many = 2500 // more than one batch of the removal
	client := redisClient(t)
	var prefix string
	t.Run("fills", func(t *testing.T) {
		prefix = testenv.Prefix(t)
		if other := testenv.Prefix(t); other == prefix {
			t.Fatalf("two prefixes are the same: %s", prefix)
		}
		pipe := client.Pipeline()
		for i := range many {
			pipe.Set(t.Context(), fmt.Sprintf("%s:{echo}:%d", prefix, i), i, 0)
		}
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	left, err := client.Keys(t.Context(), prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("%d keys are left, %s among them", len(left), left[0])
	}
}

func redisClient(t *testing.T) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}
