package auth

// Principal is who asks.
type Principal struct {
	// Name tells principals apart; it stands in created_by and in events.
	Name string
	Role Role
}

// Anonymous tells whether nobody in particular asks.
func (p Principal) Anonymous() bool { return p.Name == "" }
