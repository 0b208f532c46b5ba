package storetest

import "testing"

// Exercise runs the suite. open returns a store with an empty schema of the
// newest version, and closes it with the test; it is called once for each area.
//
// Within an area the tests share the store and run side by side, each with task
// types, nodes and keys of its own, as engines do.
func Exercise(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	areas := []struct {
		name  string
		tests func(*testing.T, Store)
	}{
		{"insert", exerciseInsert},
		{"insert all", exerciseInsertAll},
		{"idempotency", exerciseIdempotency},
		{"claim", exerciseClaim},
		{"settle", exerciseSettle},
		{"expiry", exerciseExpiry},
		{"cancel", exerciseCancel},
		{"dead letters", exerciseDeadLetters},
		{"redrives", exerciseRedrives},
		{"dead letters by themselves", exerciseDeadUpkeep},
		{"hints", exerciseHints},
		{"list", exerciseList},
		{"events", exerciseEvents},
		{"nodes", exerciseNodes},
		{"keys", exerciseKeys},
		{"limited claim", exerciseClaimWithin},
		{"pauses", exercisePauses},
		{"schedules", exerciseSchedules},
		{"contention", exerciseContention},
		{"model", exerciseModel},
	}
	for _, area := range areas {
		// One area after the other: a store may hold ten connections of a server that
		// has a hundred for all packages under test.
		t.Run(area.name, func(t *testing.T) {
			area.tests(t, open(t))
		})
	}
}

// cases runs named tests of one area side by side.
func cases(t *testing.T, s Store, tests map[string]func(*fixture)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newFixture(t, s))
		})
	}
}
