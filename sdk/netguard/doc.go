// Package netguard keeps a plugin's requests away from addresses that the
// submitter of a task has no business to reach: the host itself, private networks,
// link-local addresses with the metadata services of clouds.
//
// The guard looks at the address at the moment of dialling, after name resolution,
// so that a name whose answer changes between a check and the dial (DNS rebinding)
// gains nothing. Redirects pass through the same guard.
//
// The package decides about addresses only; it never resolves names itself and
// reads nothing from the environment.
package netguard
