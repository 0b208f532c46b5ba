package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/headrace/headrace/sdk/fault"
)

// Keys finds stored keys.
type Keys interface {
	// Key finds a key by its id, revoked and expired ones included.
	Key(ctx context.Context, id uuid.UUID) (key Key, ok bool, err error)
}

const (
	// MaxRemember bounds how long a verdict may be remembered, and so how long
	// a revoked key may still open something.
	MaxRemember = 5 * time.Second
	// cacheSize bounds each of the two caches: 10,000 verdicts are about 1 MB.
	cacheSize = 10_000
	// lookups bounds how many unknown credentials are looked up at once, so
	// that guessing cannot take all connections of the store.
	lookups = 8
	// minToken and maxToken bound a static token, in bytes.
	minToken, maxToken = 16, 200
	// maxCredential is the longest text that can be a credential.
	maxCredential = 256
)

// errRefused is one for every reason, so that nobody learns which part was wrong.
func errRefused() *fault.Error {
	return &fault.Error{Code: fault.Unauthorized, Op: "auth.Authenticate", Msg: "the credentials are not valid"}
}

// Config of an Authenticator. Keys is required.
type Config struct {
	Keys Keys
	// Token is one more credential, with the rights of an admin: what `dev`
	// prints. 16 to 200 bytes; empty: there is none.
	Token string
	// Remember is how long a verdict holds without asking the store again: 0
	// is MaxRemember, more is refused. A revocation takes effect within it.
	Remember time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Authenticator turns credentials into principals. Its methods may be called
// from many goroutines at once.
type Authenticator struct {
	keys     Keys
	token    *fingerprint
	remember time.Duration
	now      func() time.Time

	known, refused *cache
	slots          chan struct{}
}

// NewAuthenticator checks the configuration.
func NewAuthenticator(cfg Config) (*Authenticator, error) {
	switch {
	case cfg.Keys == nil:
		return nil, errors.New("auth: a store of keys is needed")
	case cfg.Token != "" && (len(cfg.Token) < minToken || len(cfg.Token) > maxToken):
		return nil, fmt.Errorf("auth: a token has %d to %d characters", minToken, maxToken)
	case cfg.Remember < 0 || cfg.Remember > MaxRemember:
		return nil, fmt.Errorf("auth: verdicts hold for at most %s", MaxRemember)
	}
	a := &Authenticator{
		keys: cfg.Keys, remember: cfg.Remember, now: cfg.Now,
		known: newCache(cacheSize), refused: newCache(cacheSize), slots: make(chan struct{}, lookups),
	}
	if a.remember == 0 {
		a.remember = MaxRemember
	}
	if a.now == nil {
		a.now = time.Now
	}
	if cfg.Token != "" {
		f := fingerprint(sha256.Sum256([]byte(cfg.Token)))
		a.token = &f
	}
	return a, nil
}

// Authenticate tells who shows the credential. The error is a *fault.Error:
// Unauthorized for a credential that opens nothing, ServiceUnavailable when the
// store does not answer.
func (a *Authenticator) Authenticate(ctx context.Context, credential string) (Principal, error) {
	if len(credential) > maxCredential {
		return Principal{}, errRefused()
	}
	f := fingerprint(sha256.Sum256([]byte(credential)))
	if a.token != nil && subtle.ConstantTimeCompare(f[:], a.token[:]) == 1 {
		return Principal{Name: "token", Role: Admin}, nil
	}
	now := a.now()
	if v, ok := a.known.get(f, now); ok {
		return v.principal, nil
	}
	id, secret, ok := parseKeyText(credential)
	if !ok {
		return Principal{}, errRefused()
	}
	if _, ok := a.refused.get(f, now); ok {
		return Principal{}, errRefused()
	}
	return a.lookUp(ctx, f, id, secret)
}

// lookUp asks the store and remembers what it says. The time of the verdict is
// that before the question: a key revoked meanwhile is not remembered longer.
func (a *Authenticator) lookUp(ctx context.Context, f fingerprint, id uuid.UUID, secret []byte) (Principal, error) {
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return Principal{}, unavailable(ctx.Err())
	}
	now := a.now()
	key, found, err := a.keys.Key(ctx, id)
	if err != nil {
		return Principal{}, unavailable(err)
	}
	until := now.Add(a.remember)
	// The comparison is made also for a key that does not exist, so that both
	// take the same time.
	if held := key.holds(secret); !held || !found || !key.good(now) {
		a.refused.put(f, verdict{until: until})
		return Principal{}, errRefused()
	}
	if !key.Expires.IsZero() && key.Expires.Before(until) {
		until = key.Expires
	}
	a.known.put(f, verdict{principal: key.Principal(), until: until})
	return key.Principal(), nil
}

// unavailable says that nobody could be asked; it is not the caller's fault.
func unavailable(err error) *fault.Error {
	return &fault.Error{
		Code: fault.ServiceUnavailable, Op: "auth.Authenticate", Msg: "the store does not answer",
		RetryAfter: time.Second, Err: err,
	}
}
