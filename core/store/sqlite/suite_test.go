package sqlite

import (
	"testing"

	"github.com/headrace/headrace/core/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(t *testing.T) storetest.Store { return newStore(t) })
}
