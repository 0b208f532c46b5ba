package auth

import "fmt"

// Role is what a principal may do.
type Role string

// The roles, weakest first.
const (
	// Viewer reads everything but users and keys.
	Viewer Role = "viewer"
	// Submitter submits, lists and cancels its own tasks.
	Submitter Role = "submitter"
	// Operator does all but change users, other people's keys and programs.
	Operator Role = "operator"
	// Admin does everything.
	Admin Role = "admin"
)

// Roles lists them, weakest first.
func Roles() []Role { return []Role{Viewer, Submitter, Operator, Admin} }

// ParseRole reads the name of a role.
func ParseRole(name string) (Role, error) {
	for _, r := range Roles() {
		if string(r) == name {
			return r, nil
		}
	}
	return "", fmt.Errorf("unknown role %q: use viewer, submitter, operator or admin", name)
}
