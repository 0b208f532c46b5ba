package auth_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/headrace/headrace/core/auth"
	"github.com/headrace/headrace/sdk/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// keys is a store of keys that counts the questions.
type keys struct {
	mu    sync.Mutex
	byID  map[uuid.UUID]auth.Key
	asked int
	err   error
}

func (k *keys) Key(_ context.Context, id uuid.UUID) (auth.Key, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked++
	key, ok := k.byID[id]
	return key, ok, k.err
}

// fixture is an authenticator over one key, with a clock that stands.
type fixture struct {
	*auth.Authenticator
	keys *keys
	key  auth.Key
	text string
	now  time.Time
}

func newFixture(t *testing.T, change func(*auth.Key)) *fixture {
	t.Helper()
	key, text, err := auth.MintKey(auth.KeySpec{Name: "k", Role: auth.Operator, CreatedBy: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&key)
	}
	f := &fixture{keys: &keys{byID: map[uuid.UUID]auth.Key{key.ID: key}}, key: key, text: text, now: time.Now()}
	f.Authenticator, err = auth.NewAuthenticator(auth.Config{Keys: f.keys, Token: "a-token-for-dev-1", Now: func() time.Time { return f.now }})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) refused(t *testing.T, credential string, code fault.Code) {
	t.Helper()
	if _, err := f.Authenticate(t.Context(), credential); fault.CodeOf(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestKeyOpensAndIsRemembered(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for range 3 {
		p, err := f.Authenticate(t.Context(), f.text)
		if err != nil || p.Role != auth.Operator || p.Name != "key:"+f.key.ID.String() {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	if f.keys.asked != 1 {
		t.Errorf("asked %d times", f.keys.asked)
	}
}

func TestRevocationTakesEffectWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	if _, err := f.Authenticate(t.Context(), f.text); err != nil {
		t.Fatal(err)
	}
	f.key.Revoked = f.now
	f.keys.byID[f.key.ID] = f.key
	f.now = f.now.Add(auth.MaxRemember)
	f.refused(t, f.text, fault.Unauthorized)
}

func TestExpiryEndsAVerdictToo(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(time.Second)
	f := newFixture(t, func(k *auth.Key) { k.Expires = soon })
	if _, err := f.Authenticate(t.Context(), f.text); err != nil {
		t.Fatal(err)
	}
	f.now = soon
	f.refused(t, f.text, fault.Unauthorized)
}

func TestAlteredKeysNeverReachTheStore(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for i := range f.text {
		b := []byte(f.text)
		b[i] ^= 1
		f.refused(t, string(b), fault.Unauthorized)
	}
	for _, text := range []string{"", "x", f.text + "0", f.text[:50], strings.Repeat(".", 100_000), strings.ToUpper(f.text)} {
		f.refused(t, text, fault.Unauthorized)
	}
	if f.keys.asked != 0 {
		t.Errorf("asked %d times", f.keys.asked)
	}
}

func TestWrongSecretAndUnknownKeyLookTheSame(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(k *auth.Key) { k.Hash = make([]byte, 32) })
	unknown := newFixture(t, nil)
	_, wrong := f.Authenticate(t.Context(), f.text)
	_, missing := f.Authenticate(t.Context(), unknown.text)
	if wrong == nil || missing == nil || wrong.Error() != missing.Error() {
		t.Errorf("%v and %v", wrong, missing)
	}
	f.refused(t, f.text, fault.Unauthorized)
	if f.keys.asked != 2 {
		t.Errorf("a refusal is not remembered: asked %d times", f.keys.asked)
	}
}

func TestStoreAwayIsNotARefusal(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.keys.err = errors.New("away")
	f.refused(t, f.text, fault.ServiceUnavailable)
	f.keys.err = nil
	if _, err := f.Authenticate(t.Context(), f.text); err != nil {
		t.Errorf("the outage was remembered: %v", err)
	}
}

func TestTokenIsAnAdmin(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	if p, err := f.Authenticate(t.Context(), "a-token-for-dev-1"); err != nil || p.Role != auth.Admin {
		t.Errorf("%+v, %v", p, err)
	}
	f.refused(t, "a-token-for-dev-2", fault.Unauthorized)
	for _, token := range []string{strings.Repeat("x", 15), strings.Repeat("x", 201)} {
		if _, err := auth.NewAuthenticator(auth.Config{Keys: f.keys, Token: token}); err == nil {
			t.Errorf("a token of %d bytes was accepted", len(token))
		}
	}
}

func TestKeysAreNotMintedWithoutSense(t *testing.T) {
	t.Parallel()
	for name, spec := range map[string]auth.KeySpec{
		"no name": {Role: auth.Admin}, "long name": {Name: strings.Repeat("x", 101), Role: auth.Admin}, "no role": {Name: "x"},
		"unknown role": {Name: "x", Role: "root"}, "expired": {Name: "x", Role: auth.Admin, Expires: time.Now().Add(-time.Hour)},
	} {
		if _, _, err := auth.MintKey(spec); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEventsAboutKeysHoldNoSecret(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	secret := f.text[len("hr_")+33:]
	for _, e := range []string{string(f.key.CreatedEvent().Metadata), string(f.key.RevokedEvent("somebody").Metadata)} {
		if strings.Contains(e, secret) || !strings.Contains(e, f.key.ID.String()) {
			t.Errorf("metadata %s", e)
		}
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	for role, want := range map[auth.Role]auth.Reach{
		auth.Viewer: auth.None, auth.Submitter: auth.Own, auth.Operator: auth.All, auth.Admin: auth.All, "": auth.None, "root": auth.None,
	} {
		if got := role.Grants(auth.TasksWrite); got != want {
			t.Errorf("%s: %d, want %d", role, got, want)
		}
		if role.Grants("unheard:of") != auth.None || role.Grants(auth.Public) != auth.All {
			t.Errorf("%s: the ends of the table are wrong", role)
		}
	}
}
